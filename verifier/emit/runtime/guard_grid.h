/* Samples on a grid: rings with one bit for each tick of a bound. No heap, no recursion; all memory
 * starts as zeros. A bit lives at the position of its tick; positions run round the ring.
 *
 * Behind the words of a ring stands a summary, one bit for each block of eight words: whether a bit
 * in it is true. Where the summary says no, what stands in the block does not count. So a step reads
 * the two blocks at the ends of what has passed, the last true block between them, and the summary,
 * whatever has passed: no loop grows with a gap. The summary has one word for each 32,768 ticks.
 *
 * The meaning is in Python: monitor/grid.py. */

#ifndef GUARD_GRID_H
#define GUARD_GRID_H

#include "guard_temporal.h"

#define GUARD_NOWHERE UINT32_MAX
#define GUARD_BLOCK_WORDS 8u
#define GUARD_BLOCK_BITS 512u /* of eight words */

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

/* The position so many ticks before the newest, at most `size`. */
static inline uint32_t guard_position(uint32_t newest, uint32_t size, uint32_t ticks)
{
    return (newest >= ticks) ? (newest - ticks) : ((newest + size) - ticks);
}

/* The last true bit of the positions `from` to `to` of one block; all of them become false. */
static inline uint32_t guard_take_block(uint64_t *ring, uint32_t size, uint32_t from, uint32_t to)
{
    const uint32_t block = from / GUARD_BLOCK_BITS;
    uint64_t *summary = guard_summary(ring, size);
    const uint32_t end = guard_block_end(size, block) / 64u;
    uint32_t found;
    uint64_t any = 0u;
    if (!guard_kept_bit(summary, block)) {
        return GUARD_NOWHERE;
    }
    found = guard_last_bit(ring, from, to);
    if (found != GUARD_NOWHERE) {
        guard_clear_bits(ring, from, to);
        for (uint32_t k = block * GUARD_BLOCK_WORDS; k <= end; ++k) {
            any |= ring[k];
        }
        guard_keep_bit(summary, block, any != 0u);
    }
    return found;
}

/* The last true bit of the whole blocks `from` to `to`, none if `to` comes first; all of them become
 * false. */
static inline uint32_t guard_take_whole(uint64_t *ring, uint32_t size, uint32_t from, uint32_t to)
{
    uint64_t *summary = guard_summary(ring, size);
    const uint32_t block = (from <= to) ? guard_last_bit(summary, from, to) : GUARD_NOWHERE;
    if (block == GUARD_NOWHERE) {
        return block;
    }
    guard_clear_bits(summary, from, to);
    return guard_last_bit(ring, block * GUARD_BLOCK_BITS, guard_block_end(size, block));
}

/* The last true bit on the way round from `from` to `to`; all of them become false. */
static inline uint32_t guard_take(uint64_t *ring, uint32_t size, uint32_t from, uint32_t to)
{
    const uint32_t first = from / GUARD_BLOCK_BITS;
    const uint32_t last = to / GUARD_BLOCK_BITS;
    const bool round = from > to;
    uint32_t found;
    uint32_t other;
    if (!round && (first == last)) {
        return guard_take_block(ring, size, from, to);
    }
    found = guard_take_block(ring, size, last * GUARD_BLOCK_BITS, to);
    if (last > 0u) {
        other = guard_take_whole(ring, size, round ? 0u : (first + 1u), last - 1u);
        found = (found == GUARD_NOWHERE) ? other : found;
    }
    if (round) {
        other = guard_take_whole(ring, size, first + 1u, (size - 1u) / GUARD_BLOCK_BITS);
        found = (found == GUARD_NOWHERE) ? other : found;
    }
    other = guard_take_block(ring, size, from, guard_block_end(size, first));
    return (found == GUARD_NOWHERE) ? other : found;
}

/* The first true bit of the positions `from` to `to` that do not run round. */
static inline uint32_t guard_first_of(uint64_t *ring, uint32_t size, uint32_t from, uint32_t to)
{
    const uint64_t *summary = guard_summary(ring, size);
    const uint32_t first = from / GUARD_BLOCK_BITS;
    const uint32_t last = to / GUARD_BLOCK_BITS;
    uint32_t block = GUARD_NOWHERE;
    uint32_t found = GUARD_NOWHERE;
    if (guard_kept_bit(summary, first)) {
        found = guard_first_bit(ring, from, (first < last) ? guard_block_end(size, first) : to);
    }
    if ((found == GUARD_NOWHERE) && (first < last)) {
        block = guard_first_bit(summary, first + 1u, last);
    }
    if (block != GUARD_NOWHERE) {
        found = guard_first_bit(ring, block * GUARD_BLOCK_BITS,
                                (block < last) ? guard_block_end(size, block) : to);
    }
    return found;
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
        const uint32_t end = guard_block_end(size, block) / 64u;
        for (uint32_t k = block * GUARD_BLOCK_WORDS; k <= end; ++k) {
            ring[k] = 0u;
        }
        guard_keep_bit(summary, block, true);
    }
    guard_keep_bit(ring, place, true);
}

/* A sample joins, so many ticks after the newest, and what is `size` ticks old leaves: it stood
 * where the ticks since the newest stand now. How many ticks the latest true bit of that lay before
 * the sample that was the newest. */
static inline uint32_t guard_push(uint64_t *ring, uint32_t size, uint32_t *newest, uint64_t ticks,
                                  bool value)
{
    const uint32_t before = *newest;
    const uint32_t count = (ticks < size) ? (uint32_t)ticks : size;
    const uint32_t from = ((before + 1u) < size) ? (before + 1u) : 0u;
    const uint32_t to = (count < (size - before)) ? (before + count) : (before - (size - count));
    const uint32_t found = guard_take(ring, size, from, to);
    *newest = to;
    if (value) {
        guard_set(ring, size, to);
    }
    return (found == GUARD_NOWHERE) ? found : guard_position(before, size, found);
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
    const uint32_t found = guard_push(ring, size, &state->newest, ticks, right);
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
    (void)guard_push(ring, size, newest, ticks, trigger);
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
