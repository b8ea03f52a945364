/* Robustness over samples: the operators of guard_temporal.h on doubles. A queue holds the
 * candidates of a window, falling from front to back, and is searched by halves: the work grows
 * with the logarithm of the window. A window without a left side keeps its samples in blocks, and a
 * queue of the blocks. What has left the window goes before what is in it comes. The loops over
 * cursors are those of guard_temporal.h; that of `until` with a left side also goes once over each
 * sample when the older half is spent.
 *
 * The meaning of each is in Python: monitor/distances.py. */

#ifndef GUARD_DISTANCE_H
#define GUARD_DISTANCE_H

#include "guard_temporal.h"

#define GUARD_HALVES 32u /* more than the logarithm of any queue */
#define GUARD_NEAR 4u    /* so many candidates are looked at before the search by halves */
#define GUARD_BLOCK_SAMPLES 16u

static inline double guard_opposite(double value)
{
    return 0.0 - value;
}

/* The robustness of `iff`. */
static inline double guard_alike(double one, double other)
{
    return guard_least(guard_greatest(guard_opposite(one), other),
                       guard_greatest(guard_opposite(other), one));
}

/* ---- queues ---------------------------------------------------------------------------------- */

typedef struct guard_candidate {
    int64_t key;
    double value;
} guard_candidate;

typedef struct guard_queue {
    uint32_t front;
    uint32_t count;
} guard_queue;

static inline guard_candidate *guard_at(const guard_queue *queue, guard_candidate *all,
                                        uint32_t room, uint32_t index)
{
    const uint32_t place = queue->front + index;
    return &all[(place < room) ? place : (place - room)];
}

/* How many candidates from the front are greater than `value`. */
static inline uint32_t guard_greater(const guard_queue *queue, guard_candidate *all, uint32_t room,
                                     double value)
{
    uint32_t low = 0u;
    uint32_t high = queue->count;
    for (uint32_t i = 0u; (i < GUARD_HALVES) && (low < high); ++i) {
        const uint32_t middle = low + ((high - low) / 2u);
        if (guard_at(queue, all, room, middle)->value > value) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

static inline void guard_shed(guard_queue *queue, uint32_t room, uint32_t count)
{
    const uint32_t place = queue->front + count;
    queue->front = (place < room) ? place : (place - room);
    queue->count -= count;
}

/* The value joins; what is not greater leaves. False if there is no place, which does not matter
 * where nothing ever leaves by age: then `room` is 1. */
static inline bool guard_join(guard_queue *queue, guard_candidate *all, uint32_t room, int64_t key,
                              double value)
{
    const uint32_t count = queue->count;
    uint32_t left = count;
    for (uint32_t i = 0u; i < GUARD_NEAR; ++i) {
        /* counted without a branch: how many leave is chance */
        const bool there = i < count;
        const guard_candidate *last = guard_at(queue, all, room, there ? (count - 1u - i) : 0u);
        left -= (there && (last->value <= value)) ? 1u : 0u;
    }
    if (((left + GUARD_NEAR) == count) && (left != 0u)) {
        queue->count = left;
        left = guard_greater(queue, all, room, value);
    }
    queue->count = left;
    if (left >= room) {
        return room == 1u;
    }
    *guard_at(queue, all, room, left) = (guard_candidate){key, value};
    queue->count = left + 1u;
    return true;
}

/* Nothing is greater than `most` any more. */
static inline void guard_cap(guard_queue *queue, guard_candidate *all, uint32_t room, double most)
{
    uint32_t count;
    if ((queue->count == 0u) || (guard_at(queue, all, room, 0u)->value < most)) {
        return;
    }
    count = guard_greater(queue, all, room, most);
    if ((count < queue->count) && (guard_at(queue, all, room, count)->value >= most)) {
        ++count;
    }
    guard_shed(queue, room, count - 1u);
    guard_at(queue, all, room, 0u)->value = most;
}

/* Candidates with a key below `first` leave. */
static inline void guard_expire(guard_queue *queue, guard_candidate *all, uint32_t room,
                               int64_t first)
{
    uint32_t low = 0u;
    uint32_t high = queue->count;
    if ((high == 0u) || (guard_at(queue, all, room, 0u)->key >= first)) {
        return;
    }
    if ((high == 1u) || (guard_at(queue, all, room, 1u)->key >= first)) {
        guard_shed(queue, room, 1u);
        return;
    }
    for (uint32_t i = 0u; (i < GUARD_HALVES) && (low < high); ++i) {
        const uint32_t middle = low + ((high - low) / 2u);
        if (guard_at(queue, all, room, middle)->key < first) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    guard_shed(queue, room, low);
}

static inline double guard_best(const guard_queue *queue, guard_candidate *all, uint32_t room)
{
    return (queue->count != 0u) ? guard_at(queue, all, room, 0u)->value : -INFINITY;
}

/* The stamp that lies so far before another; the least there is, if none does. */
static inline int64_t guard_back(int64_t now_ns, uint64_t distance_ns)
{
    return (guard_elapsed(INT64_MIN, now_ns) < distance_ns) ? INT64_MIN
                                                            : (now_ns - (int64_t)distance_ns);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* A window without a left side: a ring of `slots` samples by their stamps, a multiple of
 * GUARD_BLOCK_SAMPLES, and behind it a queue of the whole blocks after that of the oldest sample, by
 * the stamps of their first samples. Once a block is whole, each of its samples has the best from
 * there to the end of the block. So the best of the window is that of its oldest sample, of the
 * queue, and of the newest block: chosen without a branch, since which one it is is chance. */
typedef struct guard_blocks {
    uint64_t cursor;
    double newest;  /* the best of the newest block */
    double whole;   /* the best of the queue */
    uint32_t first; /* the slot of the oldest sample; `head` if there is none */
    uint32_t head;  /* one past the slot of the newest sample */
    guard_queue queue;
    uint8_t lost;
} guard_blocks;

static inline uint32_t guard_blocks_count(const guard_blocks *state, uint32_t slots,
                                          uint32_t first)
{
    return (state->head >= first) ? (state->head - first) : ((state->head + slots) - first);
}

/* Whether there is no sample from `first` on but of the newest block. */
static inline bool guard_blocks_recent(const guard_blocks *state, uint32_t first)
{
    const uint32_t begin = (state->head - 1u) & ~(GUARD_BLOCK_SAMPLES - 1u);
    return (first - begin) <= GUARD_BLOCK_SAMPLES;
}

/* The newest block is whole, and another begins, for which there has to be place. */
static GUARD_SELDOM void guard_blocks_turn(guard_blocks *state, guard_candidate *all,
                                           uint32_t slots)
{
    const uint32_t room = slots / GUARD_BLOCK_SAMPLES;
    const uint32_t count = guard_blocks_count(state, slots, state->first);
    const uint32_t end = state->head;
    double best = -INFINITY;
    if (end != 0u) {
        for (uint32_t k = 1u; k <= GUARD_BLOCK_SAMPLES; ++k) {
            best = guard_greatest(best, all[end - k].value);
            all[end - k].value = best;
        }
        if (count > GUARD_BLOCK_SAMPLES) {
            const int64_t key_ns = all[end - GUARD_BLOCK_SAMPLES].key;
            (void)guard_join(&state->queue, &all[slots], room, key_ns, best);
        }
    }
    state->lost = ((count + GUARD_BLOCK_SAMPLES) >= slots) ? 1u : state->lost;
    state->newest = -INFINITY;
    state->whole = guard_best(&state->queue, &all[slots], room);
    if (end == slots) {
        state->first = (count == 0u) ? 0u : state->first;
        state->head = 0u;
    }
}

/* The first slot from `first` on whose sample is not older than `first_ns`, or `head`. */
static GUARD_SELDOM uint32_t guard_blocks_pass(guard_blocks *state, guard_candidate *all,
                                               uint32_t slots, uint32_t first, int64_t first_ns)
{
    const uint32_t round = (state->head != slots) ? slots : 0u;
    const guard_queue samples = {(first == slots) ? (slots - round) : first, 0u};
    uint32_t low = 0u;
    uint32_t high = guard_blocks_count(state, slots, samples.front);
    for (uint32_t i = 0u; (i < GUARD_HALVES) && (low < high); ++i) {
        const uint32_t middle = (i == 0u) ? 0u : (low + ((high - low) / 2u));
        if (guard_at(&samples, all, slots, middle)->key < first_ns) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    first = samples.front + low;
    first = (first >= slots) ? (first - round) : first;
    if (guard_blocks_recent(state, first)) {
        state->queue.count = 0u;
    } else {
        /* the second sample of the block comes before all later blocks */
        const uint32_t second = (first & ~(GUARD_BLOCK_SAMPLES - 1u)) + 1u;
        guard_expire(&state->queue, &all[slots], slots / GUARD_BLOCK_SAMPLES, all[second].key);
    }
    state->whole = guard_best(&state->queue, &all[slots], slots / GUARD_BLOCK_SAMPLES);
    return first;
}

/* The best of some samples of the newest block. */
static GUARD_SELDOM double guard_blocks_few(const guard_candidate *all, uint32_t first,
                                            uint32_t end)
{
    double best = -INFINITY;
    for (uint32_t k = first; k < end; ++k) {
        best = guard_greatest(best, all[k].value);
    }
    return best;
}

/* Samples older than `first_ns` leave. What stands at `head` is older, or was never written: then
 * no block is whole. */
static inline void guard_blocks_expire(guard_blocks *state, guard_candidate *all, uint32_t slots,
                                       int64_t first_ns)
{
    uint32_t first = state->first;
    if ((first == state->head) || (all[first].key >= first_ns)) {
        return;
    }
    ++first;
    if (((first % GUARD_BLOCK_SAMPLES) == 0u) || (all[first].key < first_ns)) {
        first = guard_blocks_pass(state, all, slots, first, first_ns);
    }
    state->first = first;
}

static inline void guard_blocks_admit(guard_blocks *state, guard_candidate *all, uint32_t slots,
                                      int64_t now_ns, double value)
{
    guard_candidate *place;
    if ((state->head % GUARD_BLOCK_SAMPLES) == 0u) {
        guard_blocks_turn(state, all, slots);
    }
    place = &all[state->head];
    place->key = now_ns;
    place->value = value;
    state->newest = guard_greatest(value, state->newest);
    ++state->head;
}

static inline double guard_blocks_best(const guard_blocks *state, const guard_candidate *all)
{
    if (guard_blocks_recent(state, state->first)) {
        return guard_blocks_few(all, state->first, state->head);
    }
    return guard_greatest(all[state->first].value, guard_greatest(state->newest, state->whole));
}

/* ---- the past -------------------------------------------------------------------------------- */

/* left since right, without a bound; `state` is minus infinity at first */
typedef struct guard_best_since {
    double value;
    uint8_t started;
} guard_best_since;

static inline double guard_best_since_step(guard_best_since *state, double left, double right)
{
    const double before = (state->started != 0u) ? state->value : -INFINITY;
    state->value = guard_greatest(right, guard_least(left, before));
    state->started = 1u;
    return state->value;
}

typedef struct guard_best_previous {
    int64_t before_ns;
    double value;
    uint8_t started;
} guard_best_previous;

static inline double guard_best_previous_step(guard_best_previous *state, int64_t now_ns,
                                              double value, uint64_t low_ns, uint64_t high_ns)
{
    const uint64_t elapsed_ns = guard_elapsed(state->before_ns, now_ns);
    const bool is_near = (state->started != 0u) && guard_within(elapsed_ns, low_ns, high_ns);
    const double before = state->value;
    state->before_ns = now_ns;
    state->value = value;
    state->started = 1u;
    return is_near ? before : -INFINITY;
}

/* A window: a queue, and the cursor that feeds it. */
typedef struct guard_window {
    uint64_t cursor;
    guard_queue queue;
    guard_queue behind;
    uint8_t lost;
} guard_window;

static inline void guard_admit(guard_window *state, guard_candidate *all, uint32_t room,
                               int64_t key, double value)
{
    if (!guard_join(&state->queue, all, room, key, value)) {
        state->lost = 1u;
    }
}

/* once[0, high] right, high at most GUARD_LONGEST_NS */
static inline double guard_once_blocks(guard_blocks *state, guard_candidate *all, uint32_t slots,
                                       int64_t now_ns, double right, uint64_t high_ns)
{
    guard_blocks_expire(state, all, slots, guard_back(now_ns, high_ns));
    guard_blocks_admit(state, all, slots, now_ns, right);
    return guard_blocks_best(state, all);
}

/* left since[0, high] right, high at most GUARD_LONGEST_NS */
static inline double guard_since_window(guard_window *state, guard_candidate *all, uint32_t room,
                                        int64_t now_ns, double left, double right,
                                        uint64_t high_ns)
{
    guard_expire(&state->queue, all, room, guard_back(now_ns, high_ns));
    guard_cap(&state->queue, all, room, left);
    guard_admit(state, all, room, now_ns, right);
    return guard_best(&state->queue, all, room);
}

/* left since[low, high] right; `left` and `behind` are NULL for `once[low, ..]` */
static inline double guard_delayed_window(guard_window *state, guard_candidate *all, uint32_t room,
                                          guard_candidate *behind, uint32_t back,
                                          const int64_t *stamps, const double *left,
                                          const double *right, uint64_t slots, uint64_t number,
                                          uint64_t low_ns, uint64_t high_ns)
{
    const int64_t now_ns = stamps[number % slots];
    double best;
    if (high_ns != GUARD_UNBOUNDED) {
        guard_expire(&state->queue, all, room, guard_back(now_ns, high_ns));
    }
    for (uint64_t i = 0u; (i < slots) && (state->cursor <= number); ++i) {
        const uint64_t slot = state->cursor % slots;
        const uint64_t elapsed_ns = guard_elapsed(stamps[slot], now_ns);
        if (elapsed_ns < low_ns) {
            break;
        }
        if (left != NULL) {
            guard_cap(&state->queue, all, room, left[slot]);
        }
        if (elapsed_ns <= high_ns) {
            guard_admit(state, all, room, stamps[slot], right[slot]);
        }
        ++state->cursor;
    }
    best = guard_best(&state->queue, all, room);
    if (left == NULL) {
        return best;
    }
    guard_expire(&state->behind, behind, back, (int64_t)state->cursor);
    if (!guard_join(&state->behind, behind, back, (int64_t)number,
                    guard_opposite(left[number % slots]))) {
        state->lost = 1u;
    }
    return guard_least(best, guard_opposite(guard_best(&state->behind, behind, back)));
}

/* once[low, high] right */
static inline double guard_delayed_blocks(guard_blocks *state, guard_candidate *all, uint32_t room,
                                          const int64_t *stamps, const double *right,
                                          uint64_t slots, uint64_t number, uint64_t low_ns,
                                          uint64_t high_ns)
{
    const int64_t now_ns = stamps[number % slots];
    guard_blocks_expire(state, all, room, guard_back(now_ns, high_ns));
    for (uint64_t i = 0u; (i < slots) && (state->cursor <= number); ++i) {
        const uint64_t slot = state->cursor % slots;
        const uint64_t elapsed_ns = guard_elapsed(stamps[slot], now_ns);
        if (elapsed_ns < low_ns) {
            break;
        }
        if (elapsed_ns <= high_ns) {
            guard_blocks_admit(state, all, room, stamps[slot], right[slot]);
        }
        ++state->cursor;
    }
    return guard_blocks_best(state, all);
}

/* ---- the future ------------------------------------------------------------------------------ */

/* eventually[low, high] right, at a sample whose window is closed */
static inline double guard_eventually_blocks(guard_blocks *state, guard_candidate *all,
                                             uint32_t room, const int64_t *stamps,
                                             const double *right, uint64_t slots, uint64_t head,
                                             uint64_t number, uint64_t low_ns, uint64_t high_ns)
{
    const int64_t now_ns = stamps[number % slots];
    if (guard_elapsed(now_ns, INT64_MAX) < low_ns) {
        return -INFINITY; /* no stamp is that late */
    }
    guard_blocks_expire(state, all, room, now_ns + (int64_t)low_ns);
    for (uint64_t i = 0u; (i < slots) && (state->cursor < head); ++i) {
        const uint64_t slot = state->cursor % slots;
        const uint64_t elapsed_ns = guard_elapsed(now_ns, stamps[slot]);
        if (elapsed_ns > high_ns) {
            break;
        }
        if (elapsed_ns >= low_ns) {
            guard_blocks_admit(state, all, room, stamps[slot], right[slot]);
        }
        ++state->cursor;
    }
    return guard_blocks_best(state, all);
}

static inline double guard_best_next(const int64_t *stamps, const double *value, uint64_t slots,
                                     uint64_t head, uint64_t number, uint64_t low_ns,
                                     uint64_t high_ns)
{
    const uint64_t slot = (number + 1u) % slots;
    const bool ahead =
        ((number + 1u) < head) &&
        guard_within(guard_elapsed(stamps[number % slots], stamps[slot]), low_ns, high_ns);
    return ahead ? value[slot] : -INFINITY;
}

/* x -> max(right, min(left, x)) */
typedef struct guard_map {
    double right;
    double left;
} guard_map;

static inline guard_map guard_composed(guard_map outer, guard_map inner)
{
    return (guard_map){guard_greatest(outer.right, guard_least(outer.left, inner.right)),
                       guard_least(outer.left, inner.left)};
}

typedef struct guard_halves {
    uint64_t cursor;
    uint64_t first;
    uint64_t middle;
    guard_map newer;
    guard_queue behind;
    uint8_t lost;
} guard_halves;

/* left until[low, high] right, at a sample whose window is closed: `older` holds the maps composed
 * from each sample up to `middle`, `newer` those from there to `cursor`. */
static inline double guard_until_halves(guard_halves *state, guard_map *older,
                                        guard_candidate *behind, uint32_t back,
                                        const int64_t *stamps, const double *left,
                                        const double *right, uint64_t slots, uint64_t head,
                                        uint64_t number, uint64_t low_ns, uint64_t high_ns)
{
    const guard_map same = {-INFINITY, INFINITY};
    const int64_t now_ns = stamps[number % slots];
    guard_map whole = (state->middle == state->cursor) ? same : state->newer;
    for (uint64_t i = 0u; (i < slots) && (state->cursor < head); ++i) {
        const uint64_t slot = state->cursor % slots;
        if (guard_elapsed(now_ns, stamps[slot]) > high_ns) {
            break;
        }
        whole = guard_composed(whole, (guard_map){right[slot], left[slot]});
        ++state->cursor;
    }
    guard_expire(&state->behind, behind, back, (int64_t)number);
    for (uint64_t i = 0u; (i < slots) && (state->first < state->cursor); ++i) {
        const uint64_t slot = state->first % slots;
        if ((state->first >= number) && (guard_elapsed(now_ns, stamps[slot]) >= low_ns)) {
            break;
        }
        if ((state->first >= number) &&
            !guard_join(&state->behind, behind, back, (int64_t)state->first,
                        guard_opposite(left[slot]))) {
            state->lost = 1u;
        }
        ++state->first;
    }
    if (state->first >= state->middle) {
        guard_map rest = same;
        uint64_t down = state->cursor;
        for (uint64_t i = 0u; (i < slots) && (down > state->first); ++i) {
            --down;
            rest = guard_composed((guard_map){right[down % slots], left[down % slots]}, rest);
            older[down % slots] = rest;
        }
        state->middle = state->cursor;
        whole = same;
    }
    state->newer = whole;
    if (state->first < state->middle) {
        whole = guard_composed(older[state->first % slots], whole);
    }
    return guard_least(guard_opposite(guard_best(&state->behind, behind, back)), whole.right);
}

#endif /* GUARD_DISTANCE_H */
