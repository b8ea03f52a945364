/* Operators of metric temporal logic over samples: one function each, no heap, no recursion. All
 * memory starts as zeros. Numbers count the samples; a sample lives in slot `number % slots`.
 *
 * Only two operators look at more than one sample: a `since` that starts in the past, and an
 * `until`. Their loops advance a cursor that never goes back, by one sample for each that came, and
 * never by more than the slots there are.
 *
 * The meaning of each is in Python: monitor/truths.py, monitor/distances.py. */

#ifndef GUARD_TEMPORAL_H
#define GUARD_TEMPORAL_H

#include "guard_runtime.h"

#define GUARD_UNBOUNDED UINT64_MAX

/* Whether `delay_ns` has passed since a stamp; `whole`: all samples up to `now_ns` were seen. */
static inline bool guard_passed(int64_t since_ns, int64_t now_ns, uint64_t delay_ns, bool whole)
{
    const uint64_t elapsed_ns = guard_elapsed(since_ns, now_ns);
    return whole ? (elapsed_ns >= delay_ns) : (elapsed_ns > delay_ns);
}

static inline bool guard_within(uint64_t elapsed_ns, uint64_t low_ns, uint64_t high_ns)
{
    return (elapsed_ns >= low_ns) && (elapsed_ns <= high_ns);
}

/* ---- one bit a slot -------------------------------------------------------------------------- */

static inline bool guard_kept_bit(const uint64_t *bits, uint64_t slot)
{
    return ((bits[slot / 64u] >> (slot % 64u)) & 1u) != 0u;
}

static inline void guard_keep_bit(uint64_t *bits, uint64_t slot, bool value)
{
    const uint64_t mask = (uint64_t)1 << (slot % 64u);
    bits[slot / 64u] = value ? (bits[slot / 64u] | mask) : (bits[slot / 64u] & ~mask);
}

/* ---- the past -------------------------------------------------------------------------------- */

/* left since[0, high] right: of all witnesses the latest is the best. */
typedef struct guard_since {
    int64_t witness_ns;
    uint8_t witnessed;
} guard_since;

static inline bool guard_since_step(guard_since *state, int64_t now_ns, bool left, bool right,
                                    uint64_t high_ns)
{
    if (right) {
        state->witness_ns = now_ns;
        state->witnessed = 1u;
    } else if (!left) {
        state->witnessed = 0u;
    }
    return (state->witnessed != 0u) && (guard_elapsed(state->witness_ns, now_ns) <= high_ns);
}

/* left since[low, high] right: the latest witness that is old enough, and the latest sample
 * without left. */
typedef struct guard_delayed {
    int64_t witness_ns;
    int64_t broken_ns;
    uint64_t tail;
    uint8_t witnessed;
    uint8_t broken;
} guard_delayed;

static inline bool guard_delayed_step(guard_delayed *state, const int64_t *stamps,
                                      const uint64_t *right, uint64_t slots, uint64_t number,
                                      bool left, uint64_t low_ns, uint64_t high_ns)
{
    const int64_t now_ns = stamps[number % slots];
    for (uint64_t i = 0u; (i < slots) && (state->tail <= number); ++i) {
        const uint64_t slot = state->tail % slots;
        if (guard_elapsed(stamps[slot], now_ns) < low_ns) {
            break;
        }
        if (guard_kept_bit(right, slot)) {
            state->witness_ns = stamps[slot];
            state->witnessed = 1u;
        }
        ++state->tail;
    }
    if (!left) {
        state->broken_ns = now_ns;
        state->broken = 1u;
    }
    return (state->witnessed != 0u) && (guard_elapsed(state->witness_ns, now_ns) <= high_ns) &&
           ((state->broken == 0u) || (state->witness_ns >= state->broken_ns));
}

/* previous[low, high] value */
typedef struct guard_previous {
    int64_t before_ns;
    uint8_t value;
    uint8_t started;
} guard_previous;

static inline bool guard_previous_step(guard_previous *state, int64_t now_ns, bool value,
                                       uint64_t low_ns, uint64_t high_ns)
{
    const uint64_t elapsed_ns = guard_elapsed(state->before_ns, now_ns);
    const bool before = (state->started != 0u) && (state->value != 0u);
    state->before_ns = now_ns;
    state->value = value ? 1u : 0u;
    state->started = 1u;
    return before && guard_within(elapsed_ns, low_ns, high_ns);
}

/* ---- the future ------------------------------------------------------------------------------ */

/* left until[low, high] right, at a sample whose window is closed: reads on to the end of the
 * window, or to the first sample without left. `witness` and `blocked` are numbers plus one. */
typedef struct guard_until {
    uint64_t cursor;
    uint64_t witness;
    uint64_t blocked;
} guard_until;

static inline bool guard_until_step(guard_until *state, const int64_t *stamps,
                                    const uint64_t *left, const uint64_t *right, uint64_t slots,
                                    uint64_t head, uint64_t number, uint64_t low_ns,
                                    uint64_t high_ns)
{
    const int64_t now_ns = stamps[number % slots];
    for (uint64_t i = 0u; (i < slots) && (state->cursor < head) && (state->blocked <= number);
         ++i) {
        const uint64_t slot = state->cursor % slots;
        if (guard_elapsed(now_ns, stamps[slot]) > high_ns) {
            break;
        }
        ++state->cursor;
        if (guard_kept_bit(right, slot)) {
            state->witness = state->cursor;
        }
        if ((left != NULL) && !guard_kept_bit(left, slot)) {
            state->blocked = state->cursor;
        }
    }
    return (state->witness > number) &&
           (guard_elapsed(now_ns, stamps[(state->witness - 1u) % slots]) >= low_ns);
}

/* next[low, high] value, at a sample whose window is closed */
static inline bool guard_next(const int64_t *stamps, const uint64_t *value, uint64_t slots,
                              uint64_t head, uint64_t number, uint64_t low_ns, uint64_t high_ns)
{
    const uint64_t slot = (number + 1u) % slots;
    return ((number + 1u) < head) &&
           guard_within(guard_elapsed(stamps[number % slots], stamps[slot]), low_ns, high_ns) &&
           guard_kept_bit(value, slot);
}

#endif /* GUARD_TEMPORAL_H */
