/* Following a transition: Bezier curves whose control points are affine in the state at entry.
 *
 * Every function is total; loops end at counts of constant tables, which are checked against the
 * bounds below. The meaning of each is in Python: safety/transition.py. */

#ifndef GUARD_TRANSITION_H
#define GUARD_TRANSITION_H

#include "guard_runtime.h"

#define GUARD_CUTS_MAX 256u
#define GUARD_PIECES_MAX 4096u
#define GUARD_POINTS_MAX 8u
#define GUARD_STARTS_MAX 64u

/* Starts with start[axis] <= bound go on at `below`, others at `above`: numbers of cuts, and behind
 * the last cut those of motions. */
typedef struct guard_cut {
    double bound;
    uint32_t axis;
    uint32_t below;
    uint32_t above;
} guard_cut;

/* `count` pieces from number `first` on; none: stay. */
typedef struct guard_motion {
    uint32_t first;
    uint32_t count;
    double duration_s;
} guard_motion;

typedef struct guard_piece {
    double begin_s;
    double duration_s;
} guard_piece;

/* Control point i of a piece has along each axis a constant, and a factor for each of `starts`
 * coordinates of the start: affine[((piece * points + i) * axes + axis) * (starts + 1)]. The first
 * `axes` coordinates of a start are the position. */
typedef struct guard_transition {
    const guard_cut *cuts;
    const guard_motion *motions;
    const guard_piece *pieces;
    const double *affine;
    const double *speed;
    double period_s;
    uint32_t cut_count;
    uint32_t motion_count;
    uint32_t piece_count;
    uint32_t points;
    uint32_t axes;
    uint32_t starts;
} guard_transition;

/* The number of the motion for this start. */
static inline uint32_t guard_motion_of(const guard_transition *t, const double *start)
{
    uint32_t at = 0u;
    CHECK(t->cut_count <= GUARD_CUTS_MAX, 0u);
    for (uint32_t i = 0u; i < t->cut_count; i++) {
        if (at < t->cut_count) {
            const guard_cut *cut = &t->cuts[at];
            at = (start[cut->axis] <= cut->bound) ? cut->below : cut->above;
        }
    }
    return at - t->cut_count;
}

/* The number of the piece of a motion that has begun last. */
static inline uint32_t guard_piece_at(const guard_transition *t, const guard_motion *motion,
                                      double time_s)
{
    uint32_t found = motion->first;
    CHECK(motion->count <= GUARD_PIECES_MAX, found);
    for (uint32_t i = 0u; i < motion->count; i++) {
        if (t->pieces[motion->first + i].begin_s <= time_s) {
            found = motion->first + i;
        }
    }
    return found;
}

/* The value of a control point for this start. */
static inline double guard_affine(const double *row, const double *start, uint32_t starts)
{
    double value = row[0];
    CHECK(starts <= GUARD_STARTS_MAX, value);
    for (uint32_t k = 0u; k < starts; k++) {
        value = value + (row[k + 1u] * start[k]);
    }
    return value;
}

/* The coordinate of a piece along one axis at `share` of its time, by de Casteljau's algorithm. */
static inline double guard_curve(const guard_transition *t, uint32_t piece, uint32_t axis,
                                 const double *start, double share)
{
    double points[GUARD_POINTS_MAX] = {0.0};
    const double rest = 1.0 - share;
    CHECK((t->points >= 1u) && (t->points <= GUARD_POINTS_MAX), 0.0);
    for (uint32_t i = 0u; i < t->points; i++) {
        const uint32_t row = (((piece * t->points) + i) * t->axes) + axis;
        points[i] = guard_affine(&t->affine[row * (t->starts + 1u)], start, t->starts);
    }
    for (uint32_t last = t->points - 1u; last > 0u; last--) {
        for (uint32_t i = 0u; i < last; i++) {
            points[i] = (rest * points[i]) + (share * points[i + 1u]);
        }
    }
    return points[0];
}

/* Where to be one period after `elapsed_ns`, and the velocity that leads there from `measured`,
 * inside the limits. Whether the motion is over by then; false, too, if the start is not finite. */
static inline bool guard_follow(const guard_transition *t, const double *start,
                                const double *measured, uint64_t elapsed_ns, double *position,
                                double *velocity)
{
    const double time_s = ((double)elapsed_ns / 1e9) + t->period_s;
    const uint32_t number = guard_motion_of(t, start);
    bool whole = true;
    CHECK((number < t->motion_count) && (t->axes <= GUARD_STARTS_MAX), false);
    const guard_motion *motion = &t->motions[number];
    const uint32_t piece = guard_piece_at(t, motion, time_s);
    for (uint32_t axis = 0u; axis < t->axes; axis++) {
        double there = start[axis];
        if (motion->count > 0u) {
            const guard_piece *now = &t->pieces[piece];
            const double share = guard_clamp((time_s - now->begin_s) / now->duration_s, 0.0, 1.0);
            there = guard_curve(t, piece, axis, start, share);
        }
        if (!guard_finite(there)) {
            there = measured[axis];
            whole = false;
        }
        position[axis] = there;
        velocity[axis] = guard_clamp((there - measured[axis]) / t->period_s, -t->speed[axis],
                                     t->speed[axis]);
    }
    return whole && (time_s >= motion->duration_s);
}

#endif /* GUARD_TRANSITION_H */
