/* Times whole guard steps of the guarded arm from C: one closed loop, repeated, the least time of
 * each step kept. The loop is the plant itself, with commands towards ever new postures, some of them
 * far beyond the limits, some not finite. */

#define _POSIX_C_SOURCE 199309L

#include "guard.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define JOINTS 7

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return ((double)t.tv_sec * 1e6) + ((double)t.tv_nsec * 1e-3);
}

static double uniform(uint64_t *state)
{
    *state = (*state * 6364136223846793005u) + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

static const double LOWER[JOINTS] = {-2.89, -1.76, -2.89, -3.07, -2.89, -0.01, -2.89};
static const double UPPER[JOINTS] = {2.89, 1.76, 2.89, -0.07, 2.89, 3.75, 2.89};

/* counts: passed, clamped, rejected, not finite or outside of the box, with active rows */
void time_guard(guard *g, uint32_t steps, uint32_t repeats, double *least_us, uint64_t *counts);
void time_guard(guard *g, uint32_t steps, uint32_t repeats, double *least_us, uint64_t *counts)
{
    for (uint32_t k = 0u; k < steps; ++k) {
        least_us[k] = 1e9;
    }
    for (uint32_t r = 0u; r < repeats; ++r) {
        uint64_t random = 1u;
        double goal[JOINTS];
        guard_sample now;
        (void)memset(&now, 0, sizeof now);
        const double home[JOINTS] = {0.0, -0.6, 0.0, -2.2, 0.0, 1.7, 0.8};
        (void)memcpy(now.q, home, sizeof home);
        (void)memcpy(goal, home, sizeof home);
        (void)memset(counts, 0, 5u * sizeof counts[0]);
        (void)guard_init(g);
        for (uint32_t k = 0u; k < steps; ++k) {
            now.time_ns = (int64_t)k * 1000000;
            if ((k % 700u) == 0u) {
                for (int j = 0; j < JOINTS; ++j) {
                    goal[j] = LOWER[j] + ((UPPER[j] - LOWER[j]) * uniform(&random));
                }
            }
            guard_action asked;
            guard_action out;
            const double gain = ((k / 100u) % 4u) == 3u ? 5000.0 : 60.0;
            for (int j = 0; j < JOINTS; ++j) {
                asked.a[j] = (gain * (goal[j] - now.q[j])) - (12.0 * now.v[j]) + uniform(&random);
            }
            if ((k % 97u) == 0u) {
                asked.a[k % JOINTS] = NAN;
            }
            const double start = now_us();
            const guard_verdict said = guard_step(g, &now, &asked, &out);
            const double took = now_us() - start;
            least_us[k] = (took < least_us[k]) ? took : least_us[k];
            counts[0] += (said.decision == GUARD_DECISION_PASS) ? 1u : 0u;
            counts[1] += (said.decision == GUARD_DECISION_CLAMP) ? 1u : 0u;
            counts[2] += (said.decision == GUARD_DECISION_REJECT) ? 1u : 0u;
            counts[4] += (said.rows[0] != 0u) ? 1u : 0u;
            for (int j = 0; j < JOINTS; ++j) {
                counts[3] += (fabs(out.a[j]) <= 7.5) ? 0u : 1u;
                now.q[j] += (0.001 * now.v[j]) + (0.5e-6 * out.a[j]);
                now.v[j] += 0.001 * out.a[j];
            }
        }
    }
}
