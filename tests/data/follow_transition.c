/* Runs a transition in closed loop from each start on standard input: three coordinates of the hand
 * and three of the thing that it moves relative to, as hexadecimal doubles. A hand that goes exactly
 * as fast as it is told follows the set points; the guard looks on. Writes for each start the final
 * position, the greatest speed along an axis, the periods until the motion was over, and what the
 * guard said at last: 0 if no gate was closed and no item violated. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guard.h"

#define PERIOD_NS ((int64_t)1000000)
#define PERIOD_S 1e-3

static double size_of(double value)
{
    return (value < 0.0) ? -value : value;
}

/* What went wrong first, as a number; 0 for nothing. */
static int run(guard *g, guard_sample *now, double *fastest, unsigned *periods)
{
    guard_action none;
    memset(&none, 0, sizeof none);
    if (guard_init(g) != GUARD_STATUS_OK) {
        return 1;
    }
    if (guard_enter(g, GUARD_SKILL_TRANSITION, now) != GUARD_STATUS_OK) {
        return 2;
    }
    for (unsigned k = 0u; k < LONGEST; ++k) {
        guard_reference reached;
        if (guard_track(g, now, &reached) != GUARD_STATUS_OK) {
            return 3;
        }
        for (unsigned axis = 0u; axis < GUARD_AXES; ++axis) {
            const double speed = size_of(reached.velocity[axis]);
            *fastest = (speed > *fastest) ? speed : *fastest;
            now->ee[axis] = now->ee[axis] + (PERIOD_S * reached.velocity[axis]);
        }
        now->time_ns += PERIOD_NS;
        *periods = k + 1u;
        if (guard_step(g, now, &none, &none).violated[0] != 0u) {
            return 4;
        }
        if (reached.done != 0u) {
            break;
        }
    }
    if (guard_leave(g, now) != GUARD_STATUS_OK) {
        return 5;
    }
    return (guard_enter(g, GUARD_SKILL_GRASP_CUP, now) == GUARD_STATUS_OK) ? 0 : 6;
}

int main(void)
{
    static guard g;
    double at[6];
    while (scanf("%la %la %la %la %la %la", &at[0], &at[1], &at[2], &at[3], &at[4], &at[5]) == 6) {
        guard_sample now;
        double fastest = 0.0;
        unsigned periods = 0u;
        int said = 0;
        memset(&now, 0, sizeof now);
        for (unsigned axis = 0u; axis < GUARD_AXES; ++axis) {
            now.ee[axis] = at[axis];
            now.pose[0][axis] = at[axis + 3u];
        }
        now.q[3] = -1.0;
        now.graspable[0] = 1u;
        said = run(&g, &now, &fastest, &periods);
        printf("%a %a %a %a %u %d\n", now.ee[0], now.ee[1], now.ee[2], fastest, periods, said);
    }
    return 0;
}
