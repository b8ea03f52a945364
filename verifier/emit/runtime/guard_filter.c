/* See guard_filter.h. Included by guard.c behind its tables: FILTER_DRIVES, and those of the arm. */

#include "guard_filter.h"

#include <math.h>

#define FILTER_BOUNDED 1024.0 /* a proposal further outside than so many boxes counts as that far */
#define FILTER_MOST_PERIODS 1e9
#define FILTER_TILT 0.03125 /* of its braking way a body stays away by */
#define FILTER_INSTANTS 8u  /* of the way to a stop that rows look at */
#define FILTER_SMALL 1e-150 /* a distance below has no direction */

typedef struct filter_state {
    double q[FILTER_JOINTS];
    double v[FILTER_JOINTS];
#if FILTER_JERK
    filter_plan plan[FILTER_JOINTS]; /* of the joints whose jerk is limited */
#endif
} filter_state;

typedef struct filter_box {
    double low[FILTER_JOINTS];
    double high[FILTER_JOINTS];
#if FILTER_JERK
    double brake[FILTER_JOINTS];
    struct plan_way *room; /* that the ways of those joints may use */
#endif
} filter_box;

/* ---- one joint ------------------------------------------------------------------------------- */

/* The largest next speed with this room before it counts. */
static double filter_fastest(const filter_drive *drive, double room, double slowing)
{
    if (drive->kind == FILTER_FREE) {
        return drive->gain * room;
    }
    if (!(room >= 0.0)) {
        return room / drive->ahead;
    }
    double speed = sqrt((2.0 * slowing) * room) - ((0.5 * slowing) * drive->period);
    const double most = slowing * drive->period;
    double slow = room / drive->period;
    slow = (slow > most) ? most : slow;
    speed = (speed < slow) ? slow : speed;
    const double soft = drive->gain * room;
    return ((drive->gain > 0.0) && (soft < speed)) ? soft : speed;
}

/* The largest next speed below the limit that leaves the share of the room to it. */
static double filter_shared(double limit, double speed, double share)
{
    if ((share >= 1.0) || !(speed <= limit)) {
        return limit;
    }
    return speed + (share * (limit - speed));
}

/* Whether the joint is further out than its limits and all errors together allow. */
static bool filter_astray(const filter_drive *drive, double position)
{
    return !(((drive->lower - (2.0 * drive->radius)) <= position) &&
             (position <= (drive->upper + (2.0 * drive->radius))));
}

static void filter_limits(const filter_drive *drive, double position, double speed, double *lowest,
                          double *highest)
{
    const double above = (drive->upper - position) - (drive->behind * speed);
    const double below = (position - drive->lower) + (drive->behind * speed);
    double high = filter_fastest(drive, above, drive->slowing_down);
    double low = -filter_fastest(drive, below, drive->slowing_up);
    double box_low = drive->box_lower;
    double box_high = drive->box_upper;
    const double fast = filter_shared(drive->speed_upper, speed, drive->share);
    const double slow = -filter_shared(-drive->speed_lower, -speed, drive->share);
    high = (high > fast) ? fast : high;
    low = (low < slow) ? slow : low;
    if (drive->kind == FILTER_ACCELERATION) {
        high = (high - speed) / drive->period;
        low = (low - speed) / drive->period;
    } else if (drive->kind == FILTER_RATED) {
        box_high = guard_clamp(speed + (drive->slowing_up * drive->period), box_low, box_high);
        box_low = guard_clamp(speed - (drive->slowing_down * drive->period), box_low,
                              drive->box_upper);
    }
    if ((drive->stiffness > 0.0) && !filter_astray(drive, position)) {
        *lowest = (low > box_low) ? low : box_low; /* may be above the highest: there are none */
        *highest = (high < box_high) ? high : box_high;
    } else {
        *lowest = guard_clamp(low, box_low, box_high);
        *highest = guard_clamp(high, box_low, box_high);
    }
}

static double filter_next_speed(const filter_drive *drive, double speed, double command)
{
    return (drive->kind == FILTER_ACCELERATION) ? (speed + (drive->period * command)) : command;
}

static double filter_next_position(const filter_drive *drive, double position, double speed,
                                   double following)
{
    return position + ((drive->behind * speed) + (drive->ahead * following));
}

static double filter_slowing(const filter_drive *drive, double speed)
{
    return (speed > 0.0) ? drive->slowing_down : drive->slowing_up;
}

/* The command that brakes, and the speed after it. */
static double filter_braked(const filter_drive *drive, double speed, double *following)
{
    const double slowing = filter_slowing(drive, speed);
    const double least = slowing * drive->period;
    *following = 0.0;
    if (drive->kind == FILTER_FREE) {
        return 0.0;
    }
    if ((speed >= -least) && (speed <= least)) {
        return (drive->kind == FILTER_ACCELERATION) ? (0.0 - (speed / drive->period)) : 0.0;
    }
    *following = (speed > 0.0) ? (speed - least) : (speed + least);
    if (drive->kind == FILTER_RATED) {
        return *following;
    }
    return (speed > 0.0) ? -slowing : slowing;
}

#if FILTER_JERK
#include "guard_plan.h"
#endif

static bool filter_planned(const filter_drive *drive)
{
#if FILTER_JERK
    return drive->ramp > 0.0;
#else
    (void)drive;
    return false;
#endif
}

/* The command that brakes joint j; leaves what is left of its plan then. */
static double filter_planned_step(uint32_t j, filter_state *after)
{
#if FILTER_JERK
    return plan_step(&FILTER_DRIVES[j], &after->plan[j]);
#else
    (void)j;
    (void)after;
    return 0.0;
#endif
}

/* ---- the state ------------------------------------------------------------------------------- */

/* What this period's command meets; a rated joint's speed is the last command. */
static void filter_predict(const filter_memory *memory, filter_state *state)
{
#if FILTER_LATENCY > 0
    for (uint32_t k = 0u; k < FILTER_LATENCY; ++k) {
        const uint32_t place = (memory->oldest + k) % FILTER_LATENCY;
        for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
            const filter_drive *drive = &FILTER_DRIVES[j];
            const double w = filter_next_speed(drive, state->v[j], memory->pending[place][j]);
            state->q[j] = filter_next_position(drive, state->q[j], state->v[j], w);
            state->v[j] = w;
        }
    }
#endif
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        if (FILTER_DRIVES[j].kind == FILTER_RATED) {
            state->v[j] = memory->latest[j];
        } else if (FILTER_DRIVES[j].kind == FILTER_FREE) {
            state->v[j] = 0.0;
        }
    }
}

/* Remembers the command and the state that the baseline would brake from after it. */
static void filter_issue(filter_memory *memory, const double *command, const filter_state *after)
{
    const uint32_t place = (memory->oldest < FILTER_PENDING) ? memory->oldest : 0u;
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        memory->position[j] = after->q[j];
        memory->speed[j] = after->v[j];
        memory->latest[j] = command[j];
        memory->pending[place][j] = command[j];
#if FILTER_JERK
        memory->plan[j] = after->plan[j];
#endif
    }
    memory->oldest = ((place + 2u) >= FILTER_PENDING) ? 0u : (place + 1u);
}

/* A joint that is not where its reference and all errors together allow gets a new reference. */
static void filter_refer(filter_memory *memory, const filter_state *state)
{
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const double off = fabs(memory->position[j] - state->q[j]);
        if ((FILTER_DRIVES[j].stiffness > 0.0) && !(off <= (2.0 * FILTER_DRIVES[j].radius))) {
            memory->position[j] = state->q[j];
            memory->speed[j] = state->v[j];
            memory->sure = 0u;
        }
    }
}

static void filter_after(const filter_state *state, const double *command, filter_state *after)
{
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const filter_drive *drive = &FILTER_DRIVES[j];
        after->v[j] = filter_next_speed(drive, state->v[j], command[j]);
        after->q[j] = filter_next_position(drive, state->q[j], state->v[j], after->v[j]);
    }
}

/* Brakes along the reference, where no measurement is to be had. */
static void filter_blind(filter_memory *memory, double *command)
{
    filter_state after;
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const filter_drive *drive = &FILTER_DRIVES[j];
        double u = filter_braked(drive, memory->speed[j], &after.v[j]);
#if FILTER_JERK
        after.plan[j] = memory->plan[j];
#endif
        if (filter_planned(drive)) {
            u = filter_planned_step(j, &after);
            after.v[j] = filter_next_speed(drive, memory->speed[j], u);
        }
        command[j] = guard_clamp(u, drive->box_lower, drive->box_upper);
        after.q[j] = filter_next_position(drive, memory->position[j], memory->speed[j], after.v[j]);
    }
    for (uint32_t i = 0u; i < FILTER_ROWS; ++i) {
        memory->moved[i] = 0.0;
    }
    filter_issue(memory, command, &after);
}

/* Brakes from the state itself, or along the reference where errors are declared. */
static void filter_baseline(filter_memory *memory, const filter_box *box, const filter_state *state,
                            double *command)
{
    filter_state after;
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const filter_drive *drive = &FILTER_DRIVES[j];
        const bool tracked = drive->stiffness > 0.0;
        const double q = state->q[j];
        const double v = state->v[j];
        const double here = tracked ? memory->position[j] : q;
        const double pace = tracked ? memory->speed[j] : v;
        double low = drive->box_lower;
        double high = drive->box_upper;
        double w = 0.0;
        double u = filter_braked(drive, pace, &w);
#if FILTER_JERK
        after.plan[j] = state->plan[j];
#endif
        if (tracked) {
            u = u + ((drive->stiffness * (here - q)) + (drive->damping * (pace - v)));
        } else if (filter_planned(drive)) {
            u = filter_planned_step(j, &after);
        } else if (!((drive->lower <= q) && (q <= drive->upper)) && (box->low[j] <= box->high[j])) {
            low = box->low[j];
            high = box->high[j];
        }
        u = guard_clamp(u, low, high);
        w = tracked ? w : filter_next_speed(drive, v, u);
        command[j] = u;
        after.q[j] = filter_next_position(drive, here, pace, w);
        after.v[j] = w;
    }
    for (uint32_t i = 0u; i < FILTER_ROWS; ++i) {
        memory->moved[i] = 0.0;
    }
    filter_issue(memory, command, &after);
}

/* ---- the way to a stop ----------------------------------------------------------------------- */

#if (FILTER_LINES > 0) || FILTER_SWITCH

/* A state, and how it comes to a stop. */
typedef struct filter_stop {
    const filter_state *state;
    double full[FILTER_JOINTS]; /* whole periods at the full rate */
    double periods;
#if FILTER_JERK
    plan_marks marks[FILTER_JOINTS];
#endif
} filter_stop;

static double filter_travelled(const filter_drive *drive, double speed, double full, double periods)
{
    if (drive->kind == FILTER_FREE) {
        return 0.0;
    }
    const double step = filter_slowing(drive, speed) * drive->period;
    const double whole = (full < periods) ? full : periods;
    const double size = fabs(speed);
    const double lost = (drive->kind == FILTER_RATED) ? (whole + 1.0) : whole;
    double way = (drive->period * whole) * (size - ((0.5 * step) * lost));
    if ((periods > full) && (drive->kind == FILTER_ACCELERATION)) {
        way += (0.5 * drive->period) * (size - (step * full));
    }
    return (speed > 0.0) ? way : -way;
}

static void filter_stopping(const filter_state *state, filter_stop *stop)
{
    double longest = -1.0;
    stop->state = state;
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const filter_drive *drive = &FILTER_DRIVES[j];
        stop->full[j] = 0.0;
#if FILTER_JERK
        if (filter_planned(drive)) {
            plan_mark(drive, &state->plan[j], state->v[j], &stop->marks[j]);
            stop->full[j] = plan_periods(&state->plan[j]) - 1.0;
            longest = (stop->full[j] > longest) ? stop->full[j] : longest;
            continue;
        }
#endif
        if (drive->kind != FILTER_FREE) {
            const double step = filter_slowing(drive, state->v[j]) * drive->period;
            const double periods = fabs(state->v[j]) / step;
            stop->full[j] =
                (double)(int64_t)((periods < FILTER_MOST_PERIODS) ? periods : FILTER_MOST_PERIODS);
            longest = (stop->full[j] > longest) ? stop->full[j] : longest;
        }
    }
    stop->periods = longest + 1.0;
}

static void filter_at(const filter_stop *stop, double periods, double *q)
{
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const filter_state *state = stop->state;
#if FILTER_JERK
        if (filter_planned(&FILTER_DRIVES[j])) {
            q[j] = state->q[j] +
                   plan_moved(&FILTER_DRIVES[j], &state->plan[j], state->v[j], &stop->marks[j],
                              periods);
            continue;
        }
#endif
        q[j] = state->q[j] +
               filter_travelled(&FILTER_DRIVES[j], state->v[j], stop->full[j], periods);
    }
}

#endif /* (FILTER_LINES > 0) || FILTER_SWITCH */

#if FILTER_LINES > 0

/* ---- the arm --------------------------------------------------------------------------------- */

/* Where the bodies are. */
typedef struct filter_points {
    double x[FILTER_BODIES];
    double y[FILTER_BODIES];
    double z[FILTER_BODIES];
} filter_points;

/* What the rows see: the room that is left, and the direction away from the shape. */
typedef struct filter_seen {
    double room[FILTER_LINES];
    double x[FILTER_LINES];
    double y[FILTER_LINES];
    double z[FILTER_LINES];
} filter_seen;

typedef struct filter_look {
    arm_pose pose;
    filter_points points;
    filter_seen seen;
    double q[FILTER_JOINTS];
} filter_look;

static void filter_bodies(const double *center, filter_points *points)
{
    for (uint32_t b = 0u; b < FILTER_BODIES; ++b) {
        const uint32_t sphere = FILTER_BODY[b].sphere;
        const uint32_t other = FILTER_BODY[b].other;
        points->x[b] = center[sphere];
        points->y[b] = center[FILTER_SPHERES + sphere];
        points->z[b] = center[(2u * FILTER_SPHERES) + sphere];
        if (other < FILTER_SPHERES) {
            points->x[b] -= center[other];
            points->y[b] -= center[FILTER_SPHERES + other];
            points->z[b] -= center[(2u * FILTER_SPHERES) + other];
        }
    }
}

static void filter_points_at(const double *q, filter_points *points)
{
    double moving[FILTER_MOVING];
    double center[3u * FILTER_SPHERES];
    for (uint32_t k = 0u; k < FILTER_MOVING; ++k) {
        moving[k] = q[FILTER_DRIVE[k]];
    }
    arm_centers(moving, center);
    filter_bodies(center, points);
}

static double filter_outside(double value, double lower, double upper)
{
    return (value > upper) ? (value - upper) : ((value < lower) ? (value - lower) : 0.0);
}

/* The way from the nearest point of a segment or a box. */
static void filter_away(const filter_shape *shape, const double *point, double *away)
{
    if (shape->kind == FILTER_CUBOID) {
        for (uint32_t k = 0u; k < 3u; ++k) {
            away[k] = filter_outside(point[k], shape->first[k], shape->second[k]);
        }
        return;
    }
    const double d[3] = {shape->second[0] - shape->first[0], shape->second[1] - shape->first[1],
                         shape->second[2] - shape->first[2]};
    const double p[3] = {point[0] - shape->first[0], point[1] - shape->first[1],
                         point[2] - shape->first[2]};
    const double square = ((d[0] * d[0]) + (d[1] * d[1])) + (d[2] * d[2]);
    double share = 0.0;
    if (square > 0.0) {
        share = (((p[0] * d[0]) + (p[1] * d[1])) + (p[2] * d[2])) / square;
    }
    share = !(share > 0.0) ? 0.0 : ((share > 1.0) ? 1.0 : share);
    for (uint32_t k = 0u; k < 3u; ++k) {
        away[k] = p[k] - (share * d[k]);
    }
}

static void filter_facets(const filter_shape *shape, const double *point, double least,
                          filter_seen *seen, uint32_t place)
{
    uint32_t best = shape->facet;
    double largest = 0.0;
    for (uint32_t f = 0u; f < FILTER_FACETS; ++f) {
        const uint32_t facet = shape->facet + f;
        if (f < shape->facets) {
            const double *n = FILTER_FACET[facet].normal;
            const double value = (((n[0] * point[0]) + (n[1] * point[1])) + (n[2] * point[2])) -
                                 FILTER_FACET[facet].offset;
            if ((f == 0u) || (value > largest)) {
                largest = value;
                best = facet;
            }
        }
    }
    seen->room[place] = largest - least;
    seen->x[place] = FILTER_FACET[best].normal[0];
    seen->y[place] = FILTER_FACET[best].normal[1];
    seen->z[place] = FILTER_FACET[best].normal[2];
}

static void filter_see(const filter_points *points, uint32_t line, filter_seen *seen)
{
    const filter_line *row = &FILTER_LINE[line];
    const filter_shape *shape = &FILTER_SHAPE[row->shape];
    const double point[3] = {points->x[row->body], points->y[row->body], points->z[row->body]};
    double away[3] = {0.0, 0.0, 0.0};
    if (shape->kind == FILTER_POLYTOPE) {
        filter_facets(shape, point, row->least, seen, line);
        return;
    }
    filter_away(shape, point, away);
    const double distance =
        sqrt(((away[0] * away[0]) + (away[1] * away[1])) + (away[2] * away[2]));
    const bool directed = distance > FILTER_SMALL;
    seen->room[line] = distance - row->least;
    seen->x[line] = directed ? (away[0] / distance) : 0.0;
    seen->y[line] = directed ? (away[1] / distance) : 0.0;
    seen->z[line] = directed ? (away[2] / distance) : 0.0;
}

static void filter_look_at(const double *q, filter_look *look)
{
    double moving[FILTER_MOVING];
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        look->q[j] = q[j];
    }
    for (uint32_t k = 0u; k < FILTER_MOVING; ++k) {
        moving[k] = q[FILTER_DRIVE[k]];
    }
    arm_forward(moving, &look->pose);
    filter_bodies(look->pose.center, &look->points);
    for (uint32_t i = 0u; i < FILTER_LINES; ++i) {
        filter_see(&look->points, i, &look->seen);
    }
}

/* ---- the gate -------------------------------------------------------------------------------- */

/* sum_k r_k part_k. */
static double filter_strayed(uint32_t body, const double *parts)
{
    double total = 0.0;
    for (uint32_t k = 0u; k < FILTER_MOVING; ++k) {
        total += FILTER_BODY[body].reach[k] * parts[k];
    }
    return total;
}

/* A lower bound of the room of a row along the straight way between two points. */
static double filter_lowest(const filter_seen *at, const filter_seen *then, uint32_t line,
                            const double *shift)
{
    const double leaving =
        ((at->x[line] * shift[0]) + (at->y[line] * shift[1])) + (at->z[line] * shift[2]);
    const double arriving =
        ((then->x[line] * shift[0]) + (then->y[line] * shift[1])) + (then->z[line] * shift[2]);
    if (!(leaving < 0.0)) {
        return at->room[line];
    }
    if (!(arriving > 0.0)) {
        return then->room[line];
    }
    double share = ((then->room[line] - arriving) - at->room[line]) / (leaving - arriving);
    share = !(share > 0.0) ? 0.0 : ((share > 1.0) ? 1.0 : share);
    return at->room[line] + (leaving * share);
}

/* By how much each moving joint makes the bodies leave their chords, per reach. */
static void filter_bends(const double *before, const double *there, double periods, double *parts)
{
    double others = 0.0;
    for (uint32_t k = 0u; k < FILTER_MOVING; ++k) {
        const uint32_t j = FILTER_DRIVE[k];
        const filter_drive *drive = &FILTER_DRIVES[j];
        const double way = fabs(there[j] - before[j]);
        const double slowing =
            (there[j] > before[j]) ? drive->slowing_down : drive->slowing_up;
        const double time = periods * drive->period;
        double bend = ((0.125 * slowing) * time) * time;
        bend = (way < bend) ? way : bend;
        if (filter_planned(drive)) {
            const double most = -drive->box_lower;
            bend = ((0.125 * ((most > drive->box_upper) ? most : drive->box_upper)) * time) * time;
        }
        parts[k] = bend + ((0.125 * way) * ((2.0 * others) + way));
        others += way;
    }
}

typedef struct filter_rows {
    uint32_t count;
    uint32_t line[FILTER_LINES];
    const double *reserve; /* of each line; null for none */
} filter_rows;

static double filter_reserve(const filter_rows *rows, uint32_t line)
{
    return (rows->reserve == NULL) ? 0.0 : rows->reserve[line];
}

/* One end of a chord. */
typedef struct filter_end {
    double q[FILTER_JOINTS];
    filter_points points;
    filter_seen seen;
} filter_end;

static void filter_end_at(const filter_stop *stop, double periods, const filter_rows *rows,
                          filter_end *end)
{
    filter_at(stop, periods, end->q);
    filter_points_at(end->q, &end->points);
    for (uint32_t i = 0u; i < rows->count; ++i) {
        filter_see(&end->points, rows->line[i], &end->seen);
    }
}

/* Leaves those rows that are not shown to be kept along so many chords of the way to the stop, from
 * `first` to `last`. */
static void filter_judged(const filter_stop *stop, filter_rows *rows, uint32_t pieces,
                          const filter_end *first, const filter_end *last)
{
    filter_rows open = *rows;
    double parts[FILTER_MOVING];
    filter_end ends[2];
    const filter_end *at = first;
    double past = 0.0;
    uint32_t left = 0u;
    uint32_t now = 0u;
    for (uint32_t piece = 1u; piece <= pieces; ++piece) {
        const double periods = (double)(int64_t)((stop->periods * (double)piece) / (double)pieces);
        if ((piece < pieces) && !(periods > past)) {
            continue;
        }
        const filter_end *then = last;
        if (piece < pieces) {
            filter_end_at(stop, periods, &open, &ends[now]);
            then = &ends[now];
        }
        const uint32_t count = open.count;
        open.count = 0u;
        filter_bends(at->q, then->q, periods - past, parts);
        for (uint32_t i = 0u; i < count; ++i) {
            const uint32_t line = open.line[i];
            const uint32_t body = FILTER_LINE[line].body;
            const double shift[3] = {then->points.x[body] - at->points.x[body],
                                     then->points.y[body] - at->points.y[body],
                                     then->points.z[body] - at->points.z[body]};
            const double least = filter_lowest(&at->seen, &then->seen, line, shift);
            if ((least - filter_strayed(body, parts)) >= filter_reserve(rows, line)) {
                open.line[open.count] = line;
                open.count += 1u;
            } else {
                rows->line[left] = line;
                left += 1u;
            }
        }
        at = then;
        past = periods;
        now = 1u - now;
    }
    rows->count = left;
}

/* Whether the tip, the last body, would go further in this period than it may. */
static bool filter_leaps(const filter_look *look, const filter_state *after)
{
#ifdef FILTER_JUMP
    const uint32_t tip = FILTER_BODIES - 1u;
    double ways[FILTER_MOVING];
    filter_points points;
    for (uint32_t k = 0u; k < FILTER_MOVING; ++k) {
        ways[k] = fabs(after->q[FILTER_DRIVE[k]] - look->q[FILTER_DRIVE[k]]);
    }
    if (filter_strayed(tip, ways) <= FILTER_JUMP) {
        return false;
    }
    filter_points_at(after->q, &points);
    const double x = points.x[tip] - look->points.x[tip];
    const double y = points.y[tip] - look->points.y[tip];
    const double z = points.z[tip] - look->points.z[tip];
    return !(sqrt(((x * x) + (y * y)) + (z * z)) <= FILTER_JUMP);
#else
    (void)look;
    (void)after;
    return false;
#endif
}

/* Whether every row is kept from the state to where it stops. */
static bool filter_clear(const filter_look *look, const filter_state *state, const double *reserve)
{
    double end[FILTER_JOINTS];
    double ways[FILTER_MOVING];
    double bounds[FILTER_BODIES];
    filter_end first;
    filter_end last;
    filter_stop stop;
    filter_rows rows;
    filter_stopping(state, &stop);
    filter_at(&stop, stop.periods, end);
    for (uint32_t k = 0u; k < FILTER_MOVING; ++k) {
        const uint32_t j = FILTER_DRIVE[k];
        double way = fabs(end[j] - state->q[j]);
#if FILTER_JERK
        if (filter_planned(&FILTER_DRIVES[j])) {
            plan_way found;
            plan_leads_to(&FILTER_DRIVES[j], &state->plan[j], state->v[j], stop.marks[j].end,
                          &found);
            way = (2.0 * (found.highest - found.lowest)) - way;
        }
#endif
        ways[k] = fabs(state->q[j] - look->q[j]) + way;
    }
    for (uint32_t b = 0u; b < FILTER_BODIES; ++b) {
        bounds[b] = filter_strayed(b, ways);
    }
    rows.count = 0u;
    rows.reserve = reserve;
    for (uint32_t i = 0u; i < FILTER_LINES; ++i) {
        const double left = look->seen.room[i] - bounds[FILTER_LINE[i].body];
        if (!(left >= filter_reserve(&rows, i))) {
            rows.line[rows.count] = i;
            rows.count += 1u;
        }
    }
    if (rows.count == 0u) {
        return true;
    }
    filter_end_at(&stop, 0.0, &rows, &first);
    filter_end_at(&stop, stop.periods, &rows, &last);
    for (uint32_t pieces = 1u; (pieces <= 16u) && (rows.count > 0u); pieces = 4u * pieces) {
        filter_judged(&stop, &rows, pieces, &first, &last);
    }
    return rows.count == 0u;
}

/* ---- the rows -------------------------------------------------------------------------------- */

/* What the joints do until an instant of their way to a stop: `fixed + share u`, about; `now` if
 * braked at once. */
typedef struct filter_parts {
    double fixed[FILTER_JOINTS];
    double share[FILTER_JOINTS];
    double now[FILTER_JOINTS];
} filter_parts;

/* The whole way is the first of the instants. */
typedef struct filter_motion {
    double time[FILTER_JOINTS]; /* how long braking takes */
    double tilt[FILTER_JOINTS]; /* the share of its way that a body stays away by, signed */
    double most[FILTER_JOINTS]; /* by how much the way may change in this period */
    double ahead[FILTER_BODIES];  /* by how much that may move a body */
    double before[FILTER_BODIES]; /* how far braking at once may move it */
    double longest;
    uint32_t instants; /* 0: none but the first one is known */
    filter_parts parts[FILTER_INSTANTS];
} filter_motion;

/* The rate of braking that covers the way to the stop, where the jerk is limited too. */
static double filter_easing(const filter_drive *drive, double v)
{
    const double full = filter_slowing(drive, v);
    if (!filter_planned(drive)) {
        return full;
    }
    const double jerk = drive->ramp / drive->period;
    const double size = fabs(v);
    double eased = 0.0;
    if ((jerk * size) >= (full * full)) {
        eased = full / (1.0 + ((full * full) / (jerk * size)));
    }
    if (!(eased > 0.0)) {
        eased = 0.5 * sqrt(jerk * size);
    }
    return (eased > drive->ramp) ? eased : drive->ramp;
}

/* Until so long after the coming period, which is no longer than braking takes. */
static void filter_part(uint32_t j, double v, double time, filter_parts *parts)
{
    const filter_drive *drive = &FILTER_DRIVES[j];
    if (drive->kind == FILTER_FREE) {
        parts->fixed[j] = 0.0;
        parts->share[j] = drive->ahead;
        parts->now[j] = 0.0;
        return;
    }
    double slowing = filter_easing(drive, v);
    slowing = (v > 0.0) ? slowing : -slowing;
    const double half = 0.5 * drive->period;
    double rest = ((0.5 * slowing) * time) * time;
    const double share = half + time;
    if (drive->kind == FILTER_RATED) {
        rest += (half * slowing) * time;
        parts->fixed[j] = (half * v) - rest;
        parts->share[j] = share;
    } else {
        parts->fixed[j] = ((half * v) - rest) + (share * v);
        parts->share[j] = share * drive->period;
    }
    parts->now[j] = (v * time) - rest;
}

/* By how much the way to any instant of the stop may change in this period. */
static double filter_most(uint32_t j, double v, const filter_parts *whole, const filter_box *box)
{
    filter_parts soon;
    double most = 0.0;
    filter_part(j, v, 0.0, &soon);
    const filter_parts *each[2] = {whole, &soon};
    for (uint32_t i = 0u; i < 2u; ++i) {
        const double change = each[i]->fixed[j] - each[i]->now[j];
        const double low = fabs(change + (each[i]->share[j] * box->low[j]));
        const double high = fabs(change + (each[i]->share[j] * box->high[j]));
        most = (low > most) ? low : most;
        most = (high > most) ? high : most;
    }
    return most;
}

static void filter_moving(const filter_state *state, const filter_box *box, filter_motion *motion)
{
    double instant = 0.0;
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const filter_drive *drive = &FILTER_DRIVES[j];
        const double v = state->v[j];
        motion->time[j] = 0.0;
        motion->tilt[j] = 0.0;
        if (drive->kind != FILTER_FREE) {
            const double slowing = filter_easing(drive, v);
            motion->time[j] = fabs(v) / slowing;
            if (fabs(v) > (slowing * drive->period)) {
                motion->tilt[j] = (v > 0.0) ? FILTER_TILT : -FILTER_TILT;
            }
        }
        instant = (motion->time[j] > instant) ? motion->time[j] : instant;
        filter_part(j, v, motion->time[j], &motion->parts[0]);
        motion->most[j] = filter_most(j, v, &motion->parts[0], box);
    }
    motion->longest = instant;
    motion->instants = 0u;
    double most[FILTER_MOVING];
    double now[FILTER_MOVING];
    for (uint32_t k = 0u; k < FILTER_MOVING; ++k) {
        most[k] = motion->most[FILTER_DRIVE[k]];
        now[k] = fabs(motion->parts[0].now[FILTER_DRIVE[k]]);
    }
    for (uint32_t b = 0u; b < FILTER_BODIES; ++b) {
        motion->ahead[b] = filter_strayed(b, most);
        motion->before[b] = filter_strayed(b, now);
    }
}

static void filter_instants(const filter_state *state, filter_motion *motion)
{
    double instant = motion->longest;
    motion->instants = 1u;
    for (uint32_t i = 1u; i < FILTER_INSTANTS; ++i) {
        instant = 0.5 * instant;
        if (instant > FILTER_DRIVES[0].period) {
            for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
                const double time = motion->time[j];
                filter_part(j, state->v[j], (time < instant) ? time : instant, &motion->parts[i]);
            }
            motion->instants = i + 1u;
        }
    }
}

/* dp/dq of the row's body in the row's direction. */
static void filter_row(const filter_look *look, uint32_t line, double *row)
{
    const filter_body *body = &FILTER_BODY[FILTER_LINE[line].body];
    const double direction[3] = {look->seen.x[line], look->seen.y[line], look->seen.z[line]};
    double one[FILTER_MOVING];
    double other[FILTER_MOVING];
    arm_sphere_row(&look->pose, body->sphere, direction, one);
    for (uint32_t k = 0u; k < FILTER_MOVING; ++k) {
        other[k] = 0.0;
    }
    if (body->other < FILTER_SPHERES) {
        arm_sphere_row(&look->pose, body->other, direction, other);
    }
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        row[j] = 0.0;
    }
    for (uint32_t k = 0u; k < FILTER_MOVING; ++k) {
        row[FILTER_DRIVE[k]] = (body->other < FILTER_SPHERES) ? (one[k] - other[k]) : one[k];
    }
}

/* The instant at which least is left, and what is made of the room until then. */
static const filter_parts *filter_worst(const filter_motion *motion, const double *c, double *way)
{
    const filter_parts *worst = &motion->parts[0];
    for (uint32_t i = 0u; i < motion->instants; ++i) {
        double total = 0.0;
        for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
            total += c[j] * motion->parts[i].now[j];
        }
        if ((i == 0u) || (total < *way)) {
            *way = total;
            worst = &motion->parts[i];
        }
    }
    return worst;
}

/* The row's c, and whether some command in the box might violate it. */
static bool filter_near(const filter_look *look, uint32_t line, const filter_motion *motion,
                        double *c)
{
    const filter_line *row = &FILTER_LINE[line];
    const double *reach = FILTER_BODY[row->body].reach;
    const double share = 1.0 - row->keep;
    const double spare = (share * (look->seen.room[line] - row->reserve)) - row->margin;
    double used = motion->ahead[row->body] + (share * motion->before[row->body]);
    if (spare >= ((1.0 + FILTER_TILT) * used)) {
        return false;
    }
    filter_row(look, line, c);
    used = 0.0;
    for (uint32_t k = 0u; k < FILTER_MOVING; ++k) {
        const uint32_t j = FILTER_DRIVE[k];
        c[j] = c[j] - (motion->tilt[j] * reach[k]);
        used += fabs(c[j]) * (motion->most[j] + (share * fabs(motion->parts[0].now[j])));
    }
    return !(spare >= used);
}

/* Appends normal . u <= bound if some command in the box violates it. */
static void filter_add(const filter_look *look, uint32_t line, const filter_motion *motion,
                       const double *c, const filter_box *box, qp_problem *problem,
                       uint32_t *number)
{
    const filter_line *row = &FILTER_LINE[line];
    const uint32_t place = problem->rows;
    const double room = look->seen.room[line] - row->reserve;
    double way = 0.0;
    double bound = room - row->margin;
    double most = 0.0;
    const filter_parts *parts = filter_worst(motion, c, &way);
    const double still = room + way;
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        bound += c[j] * parts->fixed[j];
        const double normal = -(c[j] * parts->share[j]);
        const double low = normal * box->low[j];
        const double high = normal * box->high[j];
        problem->normal[j][place] = normal;
        most += (low > high) ? low : high;
    }
    bound -= row->keep * (((still > 0.0) || (row->reserve > 0.0)) ? still : 0.0);
    if (most > bound) {
        problem->bound[place] = bound;
        number[place] = line + (2u * FILTER_JOINTS);
        problem->rows = place + 1u;
    }
}

static void filter_box_rows(const filter_box *box, qp_problem *problem, uint32_t *number)
{
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        for (uint32_t k = 0u; k < FILTER_JOINTS; ++k) {
            problem->normal[k][j] = (k == j) ? 1.0 : 0.0;
            problem->normal[k][FILTER_JOINTS + j] = (k == j) ? -1.0 : 0.0;
        }
        problem->bound[j] = box->high[j];
        problem->bound[FILTER_JOINTS + j] = -box->low[j];
        number[j] = j;
        number[FILTER_JOINTS + j] = FILTER_JOINTS + j;
    }
    problem->rows = 2u * FILTER_JOINTS;
}

/* Those rows, and zeros up to a whole block behind them. */
static void filter_stated(const filter_look *look, const filter_box *box,
                              const filter_state *state, qp_problem *problem, uint32_t *number)
{
    filter_motion motion;
    double c[FILTER_JOINTS];
    filter_moving(state, box, &motion);
    filter_box_rows(box, problem, number);
    for (uint32_t i = 0u; i < FILTER_LINES; ++i) {
        if (filter_near(look, i, &motion, c)) {
            if (motion.instants == 0u) {
                filter_instants(state, &motion);
            }
            filter_add(look, i, &motion, c, box, problem, number);
        }
    }
    for (uint32_t i = problem->rows; (i < QP_ROWS) && ((i % 8u) != 0u); ++i) {
        for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
            problem->normal[j][i] = 0.0;
        }
        problem->bound[i] = 0.0;
    }
}

/* The command nearest to the proposed one that satisfies the rows, if it is certified. */
static bool filter_solved(const qp_problem *problem, const uint32_t *number, const filter_box *box,
                          double *command, double *moved)
{
    qp_solution solution;
    if ((qp_solve(problem, &solution) != QP_OPTIMAL) || !qp_certify(problem, NULL, &solution)) {
        return false;
    }
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        if (solution.multiplier[i] > 0.0) {
            double square = 0.0;
            for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
                square += problem->normal[j][i] * problem->normal[j][i];
            }
            moved[number[i]] = solution.multiplier[i] * sqrt(square);
        }
    }
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        command[j] = guard_clamp(solution.command[j], box->low[j], box->high[j]);
    }
    return true;
}

#else /* no arm: nothing to come near to */

typedef struct filter_look {
    double q[FILTER_JOINTS];
} filter_look;

static void filter_look_at(const double *q, filter_look *look)
{
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        look->q[j] = q[j];
    }
}

static bool filter_leaps(const filter_look *look, const filter_state *after)
{
    (void)look;
    (void)after;
    return false;
}

static bool filter_clear(const filter_look *look, const filter_state *state, const double *reserve)
{
    (void)look;
    (void)state;
    (void)reserve;
    return true;
}

#endif /* FILTER_LINES > 0 */

/* ---- a period -------------------------------------------------------------------------------- */

/* The command in the box nearest to the wished one, and how far each side moved it. */
static void filter_boxed(const double *wished, const filter_box *box, double *command,
                         double *moved)
{
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        command[j] = guard_clamp(wished[j], box->low[j], box->high[j]);
        moved[j] = (wished[j] > command[j]) ? (wished[j] - command[j]) : 0.0;
        moved[FILTER_JOINTS + j] = (wished[j] < command[j]) ? (command[j] - wished[j]) : 0.0;
    }
}


#if FILTER_SWITCH

/* Whether braking from there leaves these reserves of every limit and every row. */
static bool filter_reserved(const filter_look *look, const filter_state *state,
                            const double *reserve)
{
    double end[FILTER_JOINTS];
    filter_stop stop;
    filter_stopping(state, &stop);
    filter_at(&stop, stop.periods, end);
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const filter_drive *drive = &FILTER_DRIVES[j];
        double low = end[j];
        double high = end[j];
#if FILTER_JERK
        if (filter_planned(drive)) {
            plan_way way;
            plan_leads_to(drive, &state->plan[j], state->v[j], stop.marks[j].end, &way);
            low = state->q[j] + way.lowest;
            high = state->q[j] + way.highest;
            CHECK(plan_sound(drive, &state->plan[j]), false);
        }
#endif
        CHECK(((drive->lower + reserve[FILTER_JOINTS + j]) <= low) &&
                  (high <= (drive->upper - reserve[j])),
              false);
    }
    return filter_clear(look, state, &reserve[2u * FILTER_JOINTS]);
}

/* Whether the impedance, if that is the baseline, can take over from there. */
static bool filter_held(const filter_state *state, bool careful)
{
#if FILTER_POSTURE
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const filter_pose *pose = &FILTER_POSE[j];
        const double z = state->q[j] - pose->position;
        const double s = state->v[j];
        const double size =
            (pose->place * z * z) + ((pose->cross * z * s) + (pose->pace * s * s));
        CHECK(size <= (careful ? pose->back : pose->leave), false);
    }
#else
    (void)state;
    (void)careful;
#endif
    return true;
}

#endif /* FILTER_SWITCH */

/* Whether the state is recoverable; under the learned command with the reserve of the switch. */
static bool filter_recoverable(const filter_look *look, const filter_state *state, bool learned)
{
#if FILTER_SWITCH
    if (learned) {
        return filter_held(state, false) && filter_reserved(look, state, FILTER_LEAVE);
    }
#else
    (void)learned;
#endif
    return filter_clear(look, state, NULL);
}

/* How each joint whose jerk is limited stops after the command; false if a plan does not fit. */
static bool filter_followed(const filter_box *box, const filter_state *state, const double *command,
                            filter_state *after)
{
#if FILTER_JERK
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const filter_drive *drive = &FILTER_DRIVES[j];
        after->plan[j] = state->plan[j];
        if (!filter_planned(drive)) {
            continue;
        }
        if (command[j] == box->brake[j]) {
            (void)plan_step(drive, &after->plan[j]);
        } else {
            CHECK(plan_led(drive, &box->room[j], command[j], state->q[j], state->v[j],
                           &after->plan[j]),
                  false);
        }
    }
#else
    (void)box;
    (void)state;
    (void)command;
    (void)after;
#endif
    return true;
}

/* The nearest command, if it is certified and leaves a way to a stop. */
static bool filter_found(const filter_look *look, const filter_box *box, const filter_state *state,
                         const double *proposed, bool learned, filter_memory *memory,
                         double *command)
{
    double wished[FILTER_JOINTS];
    double moved[FILTER_ROWS];
    filter_state after;
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const filter_drive *drive = &FILTER_DRIVES[j];
        CHECK(box->low[j] <= box->high[j], false);
        wished[j] = guard_clamp(proposed[j], FILTER_BOUNDED * drive->box_lower,
                                FILTER_BOUNDED * drive->box_upper);
    }
    for (uint32_t i = 0u; i < FILTER_ROWS; ++i) {
        moved[i] = 0.0;
    }
#if FILTER_LINES > 0
    qp_problem problem;
    uint32_t number[QP_ROWS];
    filter_stated(look, box, state, &problem, number);
    if (problem.rows > (2u * FILTER_JOINTS)) {
        for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
            problem.proposed[j] = wished[j];
        }
        CHECK(filter_solved(&problem, number, box, command, moved), false);
    } else {
        filter_boxed(wished, box, command, moved);
    }
#else
    filter_boxed(wished, box, command, moved);
#endif
    filter_after(state, command, &after);
    CHECK(filter_followed(box, state, command, &after), false);
    CHECK(!filter_leaps(look, &after), false);
    CHECK(filter_recoverable(look, &after, learned), false);
    for (uint32_t i = 0u; i < FILTER_ROWS; ++i) {
        memory->moved[i] = moved[i];
    }
    memory->sure = 1u;
    filter_issue(memory, command, &after);
    return true;
}

#if FILTER_POLICIES

/* Both bounds of a joint as bounds of its command. */
static void filter_policy(const filter_sides *sides, const filter_drive *drive, double v,
                          double *lowest, double *highest)
{
    double low = sides->speed_lower;
    double high = sides->speed_upper;
    if (drive->kind == FILTER_ACCELERATION) {
        low = (low - v) / drive->period;
        high = (high - v) / drive->period;
    }
    *lowest = (low > sides->command_lower) ? low : sides->command_lower;
    *highest = (high < sides->command_upper) ? high : sides->command_upper;
}

/* Scales the proposal into the bounds that ask for it; false if one rejects it. */
static bool filter_admit(const double *v, const double *proposed, double *wished)
{
    double share = 1.0;
    double low = 0.0;
    double high = 0.0;
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        const double asked = proposed[j];
        double most = 1.0;
        filter_policy(&FILTER_REJECTED[j], &FILTER_DRIVES[j], v[j], &low, &high);
        CHECK((low <= asked) && (asked <= high), false);
        filter_policy(&FILTER_SCALED[j], &FILTER_DRIVES[j], v[j], &low, &high);
        if (asked > high) {
            most = (high > 0.0) ? (high / asked) : 0.0;
        } else if (asked < low) {
            most = (low < 0.0) ? (low / asked) : 0.0;
        }
        share = (most < share) ? most : share;
    }
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        wished[j] = (share >= 1.0) ? proposed[j] : (share * proposed[j]);
    }
    return true;
}

#else

static bool filter_admit(const double *v, const double *proposed, double *wished)
{
    (void)v;
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        wished[j] = proposed[j];
    }
    return true;
}

#endif /* FILTER_POLICIES */

#if FILTER_SWITCH

/* Who is in charge of this period: true if the learned command is. */
static bool filter_charge(filter_memory *memory, const filter_look *look, const filter_state *state,
                          const double *wished, bool doubtful, bool may_return)
{
    double asked[FILTER_JOINTS];
    filter_state after;
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        double low = FILTER_DRIVES[j].box_lower;
        double high = FILTER_DRIVES[j].box_upper;
#if FILTER_JERK
        if (filter_planned(&FILTER_DRIVES[j])) {
            plan_box(&FILTER_DRIVES[j], memory->latest[j], &low, &high);
        }
#endif
        asked[j] = guard_clamp(wished[j], low, high);
    }
    filter_after(state, asked, &after);
#if FILTER_JERK
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        if (filter_planned(&FILTER_DRIVES[j])) {
            plan_make(&FILTER_DRIVES[j], after.v[j], asked[j], &after.plan[j]);
        }
    }
#endif
    const bool careful = doubtful || (memory->switched != 0u);
    const bool kept = filter_reserved(look, &after, careful ? FILTER_BACK : FILTER_LEAVE) &&
                      filter_held(&after, careful);
    if (memory->switched == 0u) {
        memory->switched = (uint8_t)!kept;
        memory->calm = 0u;
        return kept;
    }
    memory->calm = (kept && may_return) ? (memory->calm + 1u) : 0u;
    memory->switched = (uint8_t)(memory->calm < FILTER_HOLD);
    return memory->switched == 0u;
}

/* What the baseline that moves asks for; false if it does not move. */
static bool filter_posture(const filter_state *state, double *wished)
{
#if FILTER_POSTURE
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        wished[j] = (FILTER_POSE[j].stiffness * (FILTER_POSE[j].position - state->q[j])) -
                    (FILTER_POSE[j].damping * state->v[j]);
    }
    return true;
#else
    (void)state;
    (void)wished;
    return false;
#endif
}

#endif /* FILTER_SWITCH */

/* One period: the command, and whether it comes from the proposed one, which is finite, or null
 * where no learned command may be used. `doubtful`: its confidence is low. `halted`: the baseline
 * has to brake, whatever it is. */
static bool filter_step(filter_memory *memory, const double *position, const double *speed,
                        const double *proposed, bool doubtful, bool may_return, bool halted,
                        double *command)
{
    filter_state state;
    filter_look look;
    filter_box box;
    double wished[FILTER_JOINTS];
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        state.q[j] = position[j];
        state.v[j] = speed[j];
    }
    filter_predict(memory, &state);
    filter_look_at(state.q, &look);
    filter_refer(memory, &state);
#if FILTER_JERK
    plan_way room[FILTER_JOINTS];
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
        state.plan[j] = memory->plan[j];
        if (filter_planned(&FILTER_DRIVES[j])) {
            plan_resume(&FILTER_DRIVES[j], &state.plan[j], memory->speed[j], state.v[j],
                        memory->latest[j]);
        }
    }
    box.room = room;
#endif
    if (memory->started == 0u) {
        memory->started = 1u;
        memory->sure = filter_clear(&look, &state, NULL) ? 1u : 0u;
        for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
            memory->position[j] = state.q[j];
            memory->speed[j] = state.v[j];
        }
    }
    for (uint32_t j = 0u; j < FILTER_JOINTS; ++j) {
#if FILTER_JERK
        if (filter_planned(&FILTER_DRIVES[j])) {
            plan_choose(&FILTER_DRIVES[j], &state.plan[j], state.q[j], state.v[j], &room[j],
                        &box.low[j], &box.brake[j], &box.high[j]);
            continue;
        }
#endif
        filter_limits(&FILTER_DRIVES[j], state.q[j], state.v[j], &box.low[j], &box.high[j]);
    }
    bool learned = (proposed != NULL) && filter_admit(state.v, proposed, wished);
    bool moving = learned;
#if FILTER_SWITCH
    if (!learned) {
        memory->switched = 1u;
        memory->calm = 0u;
    } else {
        learned = filter_charge(memory, &look, &state, wished, doubtful, may_return);
    }
    if (!learned) {
        moving = !halted && filter_posture(&state, wished);
    }
#else
    (void)doubtful;
    (void)may_return;
    (void)halted;
#endif
    if (moving && filter_found(&look, &box, &state, wished, learned, memory, command)) {
        return learned;
    }
#if FILTER_SWITCH
    memory->switched = learned ? 1u : memory->switched;
    memory->calm = learned ? 0u : memory->calm;
#endif
    filter_baseline(memory, &box, &state, command);
    return false;
}
