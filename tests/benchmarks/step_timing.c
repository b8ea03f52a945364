/* The guard beside other filters: one step from each of many states, how long it takes, what it
 * commands, and what any commands do to the barriers. The arm and its barriers are the judge's. */

#define _POSIX_C_SOURCE 199309L

#include "judge_arm.c"

#include <time.h>

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return ((double)t.tv_sec * 1e6) + ((double)t.tv_nsec * 1e-3);
}

/* Commands of the guard, each from a fresh start; the least time of each is kept. */
void guard_answers(int64_t count, int32_t repeats, const double *q, const double *v,
                   const double *asked, double *given, double *least_us);
void guard_answers(int64_t count, int32_t repeats, const double *q, const double *v,
                   const double *asked, double *given, double *least_us)
{
    static guard g;
    guard_sample now;
    guard_action proposed, out;
    for (int64_t k = 0; k < count; ++k) {
        least_us[k] = INFINITY;
        memset(&now, 0, sizeof now);
        now.sure = 1.0;
        now.go = 1u;
        memcpy(now.q, &q[N * k], sizeof now.q);
        memcpy(now.v, &v[N * k], sizeof now.v);
        memcpy(proposed.a, &asked[N * k], sizeof proposed.a);
        for (int32_t r = 0; r < repeats; ++r) {
            (void)guard_init(&g);
            const double start = now_us();
            (void)guard_step(&g, &now, &proposed, &out);
            least_us[k] = fmin(least_us[k], now_us() - start);
        }
        memcpy(&given[N * k], out.a, sizeof out.a);
    }
}

/* What one period under each command leaves of the positions, the speeds and the clearances, at the
 * least, and whether the arm with loose limits can still be stopped; four numbers a command. Not
 * finite: minus infinity. */
void what_is_left(const judge_arm *arm, const judge_arm *loose, int64_t count, const double *q0,
                  const double *v0, const double *given, double *left);
void what_is_left(const judge_arm *arm, const judge_arm *loose, int64_t count, const double *q0,
                  const double *v0, const double *given, double *left)
{
    uint64_t seed = 1u;
    double q[N], v[N];
    for (int64_t k = 0; k < count; ++k) {
        judge_result one;
        bool finite = true;
        for (int j = 0; j < N; ++j) {
            finite = finite && isfinite(given[(N * k) + j]);
        }
        if (!finite) {
            left[4 * k] = left[(4 * k) + 1] = left[(4 * k) + 2] = left[(4 * k) + 3] = -INFINITY;
            continue;
        }
        memcpy(q, &q0[N * k], sizeof q);
        memcpy(v, &v0[N * k], sizeof v);
        judge_clear_result(&one);
        judge_move(arm, &seed, k, q, v, &given[N * k]);
        judge_state(arm, q, v, &one);
        left[4 * k] = one.position;
        left[(4 * k) + 1] = one.speed;
        left[(4 * k) + 2] = one.clearance;
        left[(4 * k) + 3] = judge_recoverable(loose, q, v, 16) ? 1.0 : -1.0;
    }
}
