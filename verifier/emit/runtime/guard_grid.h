/* Samples on a grid: rings with one bit for each tick of a bound. No heap, no recursion; all memory
 * starts as zeros. A bit lives at the position of its tick; positions run round the ring.
 *
 * Behind the words of a ring stands a summary, one bit for each block of eight words: whether a bit
 * in it is true. Where the summary says no, what stands in the block does not count. So a step
 * looks at two blocks and the summary at either end of what has passed, whatever has passed: no
 * loop grows with a gap. The summary has one word for each 32,768 ticks of the bound.
 *
 * The meaning is in Python: monitor/grid.py. */

#ifndef GUARD_GRID_H
#define GUARD_GRID_H

#include "guard_temporal.h"

#define GUARD_NOWHERE UINT32_MAX
#define GUARD_BLOCK_WORDS 8u
#define GUARD_BLOCK_BITS 512u

/* The stamp of the newest sample. */
typedef struct guard_grid {
    int64_t latest_ns;
    uint8_t started;
} guard_grid;

static inline bool guard_off_grid(const guard_grid *grid, int64_t now_ns, uint64_t tick_ns)
{
    return (grid->started != 0u) && ((guard_elapsed(grid->latest_ns, now_ns) % tick_ns) != 0u);
}

/* How many ticks a sample comes after the newest. */
static inline uint64_t guard_ticks(const guard_grid *grid, int64_t now_ns, uint64_t tick_ns)
{
    return (grid->started != 0u) ? (guard_elapsed(grid->latest_ns, now_ns) / tick_ns) : 1u;
}

/* ---- bits in words --------------------------------------------------------------------------- */

static inline uint32_t guard_highest(uint64_t word)
{
    uint32_t place = 0u;
    for (uint32_t half = 32u; half > 0u; half /= 2u) {
        const uint32_t up = ((word >> half) != 0u) ? half : 0u;
        word >>= up;
        place += up;
    }
    return place;
}

/* The last true bit of the positions `from` to `to`. */
static inline uint32_t guard_last_bit(const uint64_t *words, uint32_t from, uint32_t to)
{
    uint32_t k = to / 64u;
    uint64_t found = words[k] & (UINT64_MAX >> (63u - (to % 64u)));
    for (uint32_t i = from / 64u; (i < (to / 64u)) && (found == 0u); ++i) {
        --k;
        found = words[k];
    }
    if (k == (from / 64u)) {
        found &= UINT64_MAX << (from % 64u);
    }
    return (found != 0u) ? ((k * 64u) + guard_highest(found)) : GUARD_NOWHERE;
}

/* The first one. */
static inline uint32_t guard_first_bit(const uint64_t *words, uint32_t from, uint32_t to)
{
    uint32_t k = from / 64u;
    uint64_t found = words[k] & (UINT64_MAX << (from % 64u));
    for (uint32_t i = from / 64u; (i < (to / 64u)) && (found == 0u); ++i) {
        ++k;
        found = words[k];
    }
    if (k == (to / 64u)) {
        found &= UINT64_MAX >> (63u - (to % 64u));
    }
    return (found != 0u) ? ((k * 64u) + guard_highest(found & (~found + 1u))) : GUARD_NOWHERE;
}

static inline void guard_clear_bits(uint64_t *words, uint32_t from, uint32_t to)
{
    const uint32_t last = to / 64u;
    const uint64_t below = ~(UINT64_MAX << (from % 64u));
    const uint64_t above = ~(UINT64_MAX >> (63u - (to % 64u)));
    uint64_t keep = below;
    for (uint32_t k = from / 64u; k < last; ++k) {
        words[k] &= keep;
        keep = 0u;
    }
    words[last] &= keep | above;
}

/* ---- a ring of `size` bits with its summary -------------------------------------------------- */

static inline uint64_t *guard_summary(uint64_t *ring, uint32_t size)
{
    return &ring[(size + 63u) / 64u];
}

static inline uint32_t guard_block_end(uint32_t size, uint32_t block)
{
    const uint32_t end = (block * GUARD_BLOCK_BITS) + (GUARD_BLOCK_BITS - 1u);
    return (end < size) ? end : (size - 1u);
}

/* The last true bit of the positions `from` to `to` that do not run round. */
static inline uint32_t guard_last_of(uint64_t *ring, uint32_t size, uint32_t from, uint32_t to)
{
    const uint64_t *summary = guard_summary(ring, size);
    const uint32_t first = from / GUARD_BLOCK_BITS;
    const uint32_t last = to / GUARD_BLOCK_BITS;
    uint32_t block = last;
    uint32_t found = GUARD_NOWHERE;
    if (guard_kept_bit(summary, last)) {
        found = guard_last_bit(ring, (first < last) ? (last * GUARD_BLOCK_BITS) : from, to);
    }
    if ((found != GUARD_NOWHERE) || (first == last)) {
        return found;
    }
    block = guard_last_bit(summary, first, last - 1u);
    if ((block != GUARD_NOWHERE) && (block > first)) {
        return guard_last_bit(ring, block * GUARD_BLOCK_BITS, guard_block_end(size, block));
    }
    return (block == first) ? guard_last_bit(ring, from, guard_block_end(size, first)) : found;
}

/* The first one. */
static inline uint32_t guard_first_of(uint64_t *ring, uint32_t size, uint32_t from, uint32_t to)
{
    const uint64_t *summary = guard_summary(ring, size);
    const uint32_t first = from / GUARD_BLOCK_BITS;
    const uint32_t last = to / GUARD_BLOCK_BITS;
    uint32_t block = first;
    uint32_t found = GUARD_NOWHERE;
    if (guard_kept_bit(summary, first)) {
        found = guard_first_bit(ring, from, (first < last) ? guard_block_end(size, first) : to);
    }
    if ((found != GUARD_NOWHERE) || (first == last)) {
        return found;
    }
    block = guard_first_bit(summary, first + 1u, last);
    if ((block != GUARD_NOWHERE) && (block < last)) {
        return guard_first_bit(ring, block * GUARD_BLOCK_BITS, guard_block_end(size, block));
    }
    return (block == last) ? guard_first_bit(ring, last * GUARD_BLOCK_BITS, to) : found;
}

static inline void guard_clear_block(uint64_t *ring, uint32_t size, uint32_t from, uint32_t to)
{
    const uint32_t block = from / GUARD_BLOCK_BITS;
    const uint32_t words = (size + 63u) / 64u;
    uint64_t *summary = guard_summary(ring, size);
    uint64_t any = 0u;
    if (!guard_kept_bit(summary, block)) {
        return;
    }
    guard_clear_bits(ring, from, to);
    for (uint32_t i = 0u; i < GUARD_BLOCK_WORDS; ++i) {
        const uint32_t k = (block * GUARD_BLOCK_WORDS) + i;
        any |= (k < words) ? ring[k] : 0u;
    }
    guard_keep_bit(summary, block, any != 0u);
}

static inline void guard_clear_of(uint64_t *ring, uint32_t size, uint32_t from, uint32_t to)
{
    const uint32_t first = from / GUARD_BLOCK_BITS;
    const uint32_t last = to / GUARD_BLOCK_BITS;
    if (first == last) {
        guard_clear_block(ring, size, from, to);
        return;
    }
    guard_clear_block(ring, size, from, guard_block_end(size, first));
    if ((last - first) > 1u) {
        guard_clear_bits(guard_summary(ring, size), first + 1u, last - 1u);
    }
    guard_clear_block(ring, size, last * GUARD_BLOCK_BITS, to);
}

/* The position so many ticks before the newest, at most `size`. */
static inline uint32_t guard_position(uint32_t newest, uint32_t size, uint32_t ticks)
{
    return (newest >= ticks) ? (newest - ticks) : ((newest + size) - ticks);
}

/* How many ticks before the newest the last true bit lies that lies `nearest` or more before it. */
static inline uint32_t guard_latest(uint64_t *ring, uint32_t size, uint32_t newest,
                                    uint32_t nearest)
{
    const uint32_t to = guard_position(newest, size, nearest);
    const uint32_t from = guard_position(newest, size, size - 1u);
    uint32_t found;
    if (from <= to) {
        found = guard_last_of(ring, size, from, to);
    } else {
        found = guard_last_of(ring, size, 0u, to);
        if (found == GUARD_NOWHERE) {
            found = guard_last_of(ring, size, from, size - 1u);
        }
    }
    return (found == GUARD_NOWHERE) ? found : guard_position(newest, size, found);
}

/* How many ticks before the newest the first true bit lies. */
static inline uint32_t guard_oldest(uint64_t *ring, uint32_t size, uint32_t newest)
{
    const uint32_t from = guard_position(newest, size, size - 1u);
    uint32_t found = guard_first_of(ring, size, from, (from <= newest) ? newest : (size - 1u));
    if ((found == GUARD_NOWHERE) && (from > newest)) {
        found = guard_first_of(ring, size, 0u, newest);
    }
    return (found == GUARD_NOWHERE) ? found : guard_position(newest, size, found);
}

static inline void guard_set(uint64_t *ring, uint32_t size, uint32_t place)
{
    const uint32_t block = place / GUARD_BLOCK_BITS;
    uint64_t *summary = guard_summary(ring, size);
    if (!guard_kept_bit(summary, block)) {
        for (uint32_t i = 0u; i < GUARD_BLOCK_WORDS; ++i) {
            const uint32_t k = (block * GUARD_BLOCK_WORDS) + i;
            if (k < ((size + 63u) / 64u)) {
                ring[k] = 0u;
            }
        }
        guard_keep_bit(summary, block, true);
    }
    guard_keep_bit(ring, place, true);
}

/* A sample joins, one tick after the newest. Whether what leaves, `size` ticks old, was true. */
static inline bool guard_push_next(uint64_t *ring, uint32_t size, uint32_t *newest, bool value)
{
    const uint32_t place = ((*newest + 1u) < size) ? (*newest + 1u) : 0u;
    const uint64_t *summary = guard_summary(ring, size);
    const bool left =
        guard_kept_bit(summary, place / GUARD_BLOCK_BITS) && guard_kept_bit(ring, place);
    *newest = place;
    if (value) {
        guard_set(ring, size, place);
    } else if (left) {
        guard_clear_block(ring, size, place, place);
    }
    return left;
}

/* A sample joins, so many ticks after the newest; what is `size` ticks old leaves. */
static inline void guard_push(uint64_t *ring, uint32_t size, uint32_t *newest, uint64_t ticks,
                              bool value)
{
    const uint32_t count = (ticks < size) ? (uint32_t)ticks : size;
    const uint32_t to = (count < (size - *newest)) ? (*newest + count) : (*newest - (size - count));
    const uint32_t from = guard_position(to, size, count - 1u);
    if (from <= to) {
        guard_clear_of(ring, size, from, to);
    } else {
        guard_clear_of(ring, size, from, size - 1u);
        guard_clear_of(ring, size, 0u, to);
    }
    *newest = to;
    if (value) {
        guard_set(ring, size, to);
    }
}

/* ---- operators ------------------------------------------------------------------------------- */

/* left since[low, high] right, `size` the ticks of `low`: the latest witness that is old enough,
 * and the latest sample without left. `before_ns` is the stamp of the newest sample until now. */
typedef struct guard_aged {
    int64_t witness_ns;
    int64_t broken_ns;
    uint32_t newest;
    uint8_t witnessed;
    uint8_t broken;
} guard_aged;

static inline bool guard_aged_step(guard_aged *state, uint64_t *ring, uint32_t size,
                                   int64_t before_ns, int64_t now_ns, uint64_t tick_ns,
                                   uint64_t ticks, bool left, bool right, uint64_t high_ns)
{
    uint32_t found = GUARD_NOWHERE;
    if (ticks == 1u) {
        found = guard_push_next(ring, size, &state->newest, right) ? (size - 1u) : found;
    } else {
        const uint32_t nearest = (ticks < size) ? (uint32_t)(size - ticks) : 0u;
        found = guard_latest(ring, size, state->newest, nearest);
        guard_push(ring, size, &state->newest, ticks, right);
    }
    if (found != GUARD_NOWHERE) {
        state->witness_ns = before_ns - (int64_t)(found * tick_ns);
        state->witnessed = 1u;
    }
    if (!left) {
        state->broken_ns = now_ns;
        state->broken = 1u;
    }
    return (state->witnessed != 0u) && (guard_elapsed(state->witness_ns, now_ns) <= high_ns) &&
           ((state->broken == 0u) || (state->witness_ns >= state->broken_ns));
}

/* always (trigger implies eventually[after, bound] response), `size` the ticks of `after`: a
 * response answers what is that old, and leaves the oldest trigger that is not. */
static inline void guard_delayed_response_step(guard_response *state, uint32_t *newest,
                                               uint64_t *ring, uint32_t size, int64_t now_ns,
                                               uint64_t tick_ns, uint64_t ticks, bool trigger,
                                               bool response)
{
    if (ticks == 1u) {
        (void)guard_push_next(ring, size, newest, trigger);
    } else {
        guard_push(ring, size, newest, ticks, trigger);
    }
    if (response && (state->pending != 0u) &&
        (guard_elapsed(state->since_ns, now_ns) >= (size * tick_ns))) {
        const uint32_t left = guard_oldest(ring, size, *newest);
        state->pending = (left != GUARD_NOWHERE) ? 1u : 0u;
        state->since_ns = (left != GUARD_NOWHERE) ? (now_ns - (int64_t)(left * tick_ns)) : now_ns;
    } else if (trigger && (state->pending == 0u)) {
        state->pending = 1u;
        state->since_ns = now_ns;
    } else {
        /* nothing is owed, or it still is */
    }
}

#endif /* GUARD_GRID_H */
