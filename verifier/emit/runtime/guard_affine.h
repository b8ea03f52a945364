/* The filter of plants that are affine in their inputs, under a written baseline: what it remembers.
 * The sizes are macros of guard.h:
 *
 *     FILTER_STATES   states of the plants     FILTER_INPUTS   components of their commands
 *     FILTER_LATENCY  periods until a command acts
 *     FILTER_STAGES   of the way to the law where commands change only so fast; else 0
 *     FILTER_LINES    rows of the barriers     FILTER_LEVELS   what these keep from being negative
 *
 * The meaning of every function is in Python: safety/affine.py. */

#ifndef GUARD_AFFINE_H
#define GUARD_AFFINE_H

#include <stdint.h>

#define FILTER_ROWS ((2u * FILTER_INPUTS) + FILTER_LINES)
#define FILTER_ROW_WORDS ((FILTER_ROWS + 63u) / 64u)

typedef struct filter_memory {
    uint8_t started;
    uint8_t switched; /* the baseline is in charge */
    uint32_t calm;    /* periods for which the way back has been open */
    uint32_t left;    /* commands of the way to the law */
    double state[FILTER_STATES]; /* that the last command leads to */
    double issued[FILTER_LATENCY + 1u][FILTER_INPUTS]; /* commands, the last one last */
    double way[FILTER_STAGES + 1u][FILTER_INPUTS];
    double moved[FILTER_ROWS]; /* how far each row moved the last command; 0 if it is not active */
} filter_memory;

#endif /* GUARD_AFFINE_H */
