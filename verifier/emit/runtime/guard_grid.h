/* Samples on a grid: rings with one bit for each tick of a bound. No heap, no recursion; all memory
 * starts as zeros. A bit lives at the position of its tick; positions run round the ring.
 *
 * Behind the words of a ring stands a summary, one bit for each block of eight words: whether a bit
 * in it is true that came since the newest sample entered the block. Where the summary says no, what
 * stands in the block does not count, unless the newest sample is in it: then what is behind it is
 * from the round before. So a step reads the two blocks at the ends of what has passed, the last
 * true block between them, and the summary, whatever has passed: no loop grows with a gap. The
 * summary has one word for each 32,768 ticks.
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

/* The place of the highest true bit of a word that has one. */
static inline uint32_t guard_highest(uint64_t word)
{
#if defined(__GNUC__) && !defined(GUARD_PLAIN)
    return 63u - (uint32_t)__builtin_clzll(word);
#else
    uint32_t place = 0u;
    for (uint32_t half = 32u; half > 0u; half /= 2u) {
        const uint32_t up = ((word >> half) != 0u) ? half : 0u;
        word >>= up;
        place += up;
    }
    return place;
#endif
}

static inline uint32_t guard_lowest(uint64_t word)
{
    return guard_highest(word & (~word + 1u));
}

/* The bits of a word from its start up to a position, and from a position on. */
static inline uint64_t guard_up_to(uint32_t place)
{
    return UINT64_MAX >> (63u - (place % 64u));
}

static inline uint64_t guard_from(uint32_t place)
{
    return UINT64_MAX << (place % 64u);
}

/* The last true bit of the positions `from` to `to`; all of them become false. */
static inline uint32_t guard_take_bits(uint64_t *words, uint32_t from, uint32_t to)
{
    const uint32_t first = from / 64u;
    uint32_t at = to / 64u;
    uint64_t mask = guard_up_to(to);
    uint64_t found;
    if (first == at) {
        mask &= guard_from(from);
        found = words[at] & mask;
        words[at] &= ~mask;
    } else {
        found = words[at] & mask;
        words[at] &= ~mask;
        for (uint32_t k = at - 1u; k > first; --k) {
            at = (found != 0u) ? at : k;
            found = (found != 0u) ? found : words[k];
            words[k] = 0u;
        }
        mask = guard_from(from);
        at = (found != 0u) ? at : first;
        found = (found != 0u) ? found : (words[first] & mask);
        words[first] &= ~mask;
    }
    return (found != 0u) ? ((at * 64u) + guard_highest(found)) : GUARD_NOWHERE;
}

/* The last true bit of the positions `from` to `to`. */
static GUARD_SELDOM uint32_t guard_last_bit(const uint64_t *words, uint32_t from, uint32_t to)
{
    uint32_t k = to / 64u;
    uint64_t found = words[k] & guard_up_to(to);
    while ((found == 0u) && (k > (from / 64u))) {
        --k;
        found = words[k];
    }
    found &= (k == (from / 64u)) ? guard_from(from) : UINT64_MAX;
    return (found != 0u) ? ((k * 64u) + guard_highest(found)) : GUARD_NOWHERE;
}

/* The first one. */
static GUARD_SELDOM uint32_t guard_first_bit(const uint64_t *words, uint32_t from, uint32_t to)
{
    uint32_t k = from / 64u;
    uint64_t found = words[k] & guard_from(from);
    while ((found == 0u) && (k < (to / 64u))) {
        ++k;
        found = words[k];
    }
    found &= (k == (to / 64u)) ? guard_up_to(to) : UINT64_MAX;
    return (found != 0u) ? ((k * 64u) + guard_lowest(found)) : GUARD_NOWHERE;
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

/* The position so many ticks before the newest, at most `size`; and back. */
static inline uint32_t guard_position(uint32_t newest, uint32_t size, uint32_t ticks)
{
    return (newest >= ticks) ? (newest - ticks) : ((newest + size) - ticks);
}

/* The last true bit of the whole blocks `from` to `to`, none if `to` comes first; all of them
 * become empty. It is not looked for if something later was `found`. */
static inline uint32_t guard_take_whole(uint64_t *ring, uint32_t size, uint32_t from, uint32_t to,
                                        uint32_t found)
{
    const uint32_t block =
        (from <= to) ? guard_take_bits(guard_summary(ring, size), from, to) : GUARD_NOWHERE;
    if ((found != GUARD_NOWHERE) || (block == GUARD_NOWHERE)) {
        return found;
    }
    return guard_last_bit(ring, block * GUARD_BLOCK_BITS, guard_block_end(size, block));
}

/* The last true bit on the way round from behind `before` to `to`, which lie in different words or
 * the whole ring apart; all of them become false, and the block of `to` that of the newest. */
static GUARD_SELDOM uint32_t guard_take(uint64_t *ring, uint32_t size, uint32_t before,
                                        uint32_t to)
{
    uint64_t *summary = guard_summary(ring, size);
    const uint32_t first = before / GUARD_BLOCK_BITS;
    const uint32_t last = to / GUARD_BLOCK_BITS;
    const uint32_t begin = last * GUARD_BLOCK_BITS;
    const uint32_t end = guard_block_end(size, first);
    uint32_t found = GUARD_NOWHERE;
    uint32_t other;
    if ((first == last) && (before < to)) {
        return guard_take_bits(ring, before + 1u, to);
    }
    if ((first == last) || guard_kept_bit(summary, last)) {
        found = guard_take_bits(ring, begin, to);
    } else {
        for (uint32_t k = begin / 64u; k <= (guard_block_end(size, last) / 64u); ++k) {
            ring[k] = 0u;
        }
    }
    if (last > first) {
        found = guard_take_whole(ring, size, first + 1u, last - 1u, found);
    } else {
        if (last > 0u) {
            found = guard_take_whole(ring, size, 0u, last - 1u, found);
        }
        found = guard_take_whole(ring, size, first + 1u, (size - 1u) / GUARD_BLOCK_BITS, found);
    }
    if (before < end) {
        other = guard_take_bits(ring, before + 1u, end);
        found = (found != GUARD_NOWHERE) ? found : other;
    }
    guard_keep_bit(summary, last, false);
    return found;
}

/* How many ticks before the newest the first true bit lies. */
static GUARD_SELDOM uint32_t guard_oldest(uint64_t *ring, uint32_t size, uint32_t newest)
{
    const uint64_t *summary = guard_summary(ring, size);
    const uint32_t own = newest / GUARD_BLOCK_BITS;
    const uint32_t last = (size - 1u) / GUARD_BLOCK_BITS;
    const uint32_t end = guard_block_end(size, own);
    uint32_t block = GUARD_NOWHERE;
    uint32_t found = (newest < end) ? guard_first_bit(ring, newest + 1u, end) : GUARD_NOWHERE;
    if ((found == GUARD_NOWHERE) && (own < last)) {
        block = guard_first_bit(summary, own + 1u, last);
    }
    if ((found == GUARD_NOWHERE) && (block == GUARD_NOWHERE)) {
        block = guard_first_bit(summary, 0u, own);
    }
    if ((found == GUARD_NOWHERE) && (block != GUARD_NOWHERE)) {
        const uint32_t to = (block == own) ? newest : guard_block_end(size, block);
        found = guard_first_bit(ring, block * GUARD_BLOCK_BITS, to);
    }
    return (found == GUARD_NOWHERE) ? found : guard_position(newest, size, found);
}

/* A sample joins, so many ticks after the newest, and what is `size` ticks old leaves: it stood
 * where the ticks since the newest stand now. How many ticks the latest true bit of that lay before
 * the sample that was the newest. */
static inline uint32_t guard_push(uint64_t *ring, uint32_t size, uint32_t *newest, uint64_t ticks,
                                  bool value)
{
    const uint32_t before = *newest;
    const uint32_t count = (ticks < size) ? (uint32_t)ticks : size;
    const uint32_t to = (count < (size - before)) ? (before + count) : (before - (size - count));
    uint32_t found;
    if ((before < to) && ((before / 64u) == (to / 64u))) {
        found = guard_take_bits(ring, before + 1u, to);
    } else {
        found = guard_take(ring, size, before, to);
    }
    *newest = to;
    if (value) {
        guard_keep_bit(ring, to, true);
        guard_keep_bit(guard_summary(ring, size), to / GUARD_BLOCK_BITS, true);
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
