/* The filter of one arm: what it knows, and what it remembers. The sizes are macros of guard.h:
 *
 *     FILTER_JOINTS   driven joints          FILTER_LATENCY  periods until a command acts
 *     FILTER_JERK     1 if the jerk of a joint is limited
 *     FILTER_LINES    rows of the arm, 0 without one; then also FILTER_MOVING (its joints),
 *                     FILTER_SPHERES, FILTER_BODIES, FILTER_SHAPES and FILTER_FACETS (of a shape)
 *
 * The meaning of every function is in Python: safety/braking.py, jerk.py, clearance.py,
 * filter.py, switch.py. */

#ifndef GUARD_FILTER_H
#define GUARD_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define FILTER_ROWS ((2u * FILTER_JOINTS) + FILTER_LINES)
#define FILTER_ROW_WORDS ((FILTER_ROWS + 63u) / 64u)
#define FILTER_PENDING (FILTER_LATENCY + 1u)

typedef uint32_t filter_kind;
#define FILTER_FREE ((filter_kind)0)         /* commands are speeds */
#define FILTER_RATED ((filter_kind)1)        /* speeds that change at a limited rate */
#define FILTER_ACCELERATION ((filter_kind)2) /* commands are accelerations */

/* A joint; constants are rounded inwards. */
typedef struct filter_drive {
    filter_kind kind;
    double period;
    double ahead;  /* q+ - q = behind v + ahead w, from the speed v to the speed w */
    double behind;
    double box_lower;
    double box_upper;
    double lower;
    double upper;
    double speed_lower;
    double speed_upper;
    double slowing_down; /* brakes w > 0 */
    double slowing_up;   /* brakes w < 0 */
    double gain;
    double stiffness; /* of the baseline about its reference; 0: it brakes from what is measured */
    double damping;
    double radius; /* how far it may be from its reference */
    double share;  /* of the room to a limit of the speed that one period may use up */
    double swing;  /* by which an acceleration changes at most, from one period to the next */
    double ramp;   /* the same where it is planned ahead; both 0 if it changes by anything */
} filter_drive;

#if FILTER_JERK

/* How a joint stops whose jerk is limited: from the command `begin` to `peak` in `first` periods,
 * there for `hold`, to 0 in `last`. */
typedef struct filter_plan {
    double begin;
    double peak;
    double first;
    double hold;
    double last;
    double rise; /* the steps on the way to the peak, and to 0 */
    double fall;
} filter_plan;

#endif /* FILTER_JERK */

/* Bounds of a proposal; rounded inwards. */
typedef struct filter_sides {
    double command_lower;
    double command_upper;
    double speed_lower;
    double speed_upper;
} filter_sides;

/* Where the baseline that moves wants a joint to be. */
typedef struct filter_pose {
    double position;
    double stiffness;
    double damping;
    double place; /* of what it keeps: place z^2 + (cross z v + pace v^2) <= leave, or <= back */
    double cross;
    double pace;
    double leave;
    double back;
} filter_pose;

#if FILTER_LINES > 0

typedef uint32_t filter_shape_kind;
#define FILTER_SEGMENT ((filter_shape_kind)0)  /* first and second are its ends */
#define FILTER_CUBOID ((filter_shape_kind)1)   /* its lowest and its highest corner */
#define FILTER_POLYTOPE ((filter_shape_kind)2) /* `facets` of them from `facet` on */

typedef struct filter_shape {
    filter_shape_kind kind;
    double first[3];
    double second[3];
    uint32_t facet;
    uint32_t facets;
} filter_shape;

/* normal . p <= offset */
typedef struct filter_facet {
    double normal[3];
    double offset;
} filter_facet;

/* The centre of a sphere, less that of another one unless `other` is FILTER_SPHERES; it moves by at
 * most reach[k] for each unit of joint k. */
typedef struct filter_body {
    uint32_t sphere;
    uint32_t other;
    double reach[FILTER_MOVING];
} filter_body;

/* A row of the arm: a body that keeps `least` from a shape, and of its own accord a reserve. */
typedef struct filter_line {
    uint32_t body;
    uint32_t shape;
    double least;
    double keep;
    double margin;
    double reserve;
} filter_line;

#endif /* FILTER_LINES > 0 */

typedef struct filter_memory {
    uint8_t started;
    uint8_t sure;     /* braking along the reference is known to be safe */
    uint8_t switched; /* the baseline is in charge */
    uint32_t calm;    /* periods for which the way back has been open */
    uint32_t oldest;  /* of the commands under way */
    double position[FILTER_JOINTS]; /* the reference */
    double speed[FILTER_JOINTS];
    double latest[FILTER_JOINTS];
    double pending[FILTER_PENDING][FILTER_JOINTS];
#if FILTER_JERK
    filter_plan plan[FILTER_JOINTS];
#endif
    double moved[FILTER_ROWS]; /* how far each row moved the last command; 0 if it is not active */
} filter_memory;

#endif /* GUARD_FILTER_H */
