/* Times solvers from C, in one process: each problem `repeats` times, the least time kept. */

#define _POSIX_C_SOURCE 199309L

#include "qp.h"

#include <time.h>

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return ((double)t.tv_sec * 1e6) + ((double)t.tv_nsec * 1e-3);
}

/* The kernel, alone or with the certification of each answer. */
void time_kernel(const qp_problem *problems, uint32_t count, uint32_t repeats, bool certify,
                 double *least_us, qp_solution *solutions, uint8_t *certified);
void time_kernel(const qp_problem *problems, uint32_t count, uint32_t repeats, bool certify,
                 double *least_us, qp_solution *solutions, uint8_t *certified)
{
    for (uint32_t k = 0u; k < count; ++k) {
        least_us[k] = 1e9;
    }
    for (uint32_t r = 0u; r < repeats; ++r) {
        for (uint32_t k = 0u; k < count; ++k) {
            const double start = now_us();
            (void)qp_solve(&problems[k], &solutions[k]);
            if (certify) {
                certified[k] = qp_certify(&problems[k], 0, &solutions[k]) ? 1u : 0u;
            }
            const double took = now_us() - start;
            least_us[k] = (took < least_us[k]) ? took : least_us[k];
        }
    }
}

/* Any solver that takes pointers: `call(left, right, extra)`. */
typedef void (*solver_call)(void *left, void *right, void *extra);

void time_call(solver_call call, void **left, void **right, void *extra, uint32_t count,
               uint32_t repeats, double *least_us);
void time_call(solver_call call, void **left, void **right, void *extra, uint32_t count,
               uint32_t repeats, double *least_us)
{
    for (uint32_t k = 0u; k < count; ++k) {
        least_us[k] = 1e9;
    }
    for (uint32_t r = 0u; r < repeats; ++r) {
        for (uint32_t k = 0u; k < count; ++k) {
            const double start = now_us();
            call(left[k], right[k], extra);
            const double took = now_us() - start;
            least_us[k] = (took < least_us[k]) ? took : least_us[k];
        }
    }
}

/* quadprog's inner function, for min x'Gx/2 - a'x with C'x >= b. It writes over its data, so they
 * are copied, outside of the clock as far as that is fair. */
typedef int (*quadprog_call)(double *g, double *a, int n, double *x, double *lagrangian,
                             double *objective, double *c, double *b, int q, int equations,
                             int *active, int *count, int *iterations, double *work,
                             int factorized);

void time_quadprog(quadprog_call call, const qp_problem *problems, uint32_t count,
                   uint32_t repeats, double *least_us, double *commands);
void time_quadprog(quadprog_call call, const qp_problem *problems, uint32_t count,
                   uint32_t repeats, double *least_us, double *commands)
{
    static double g[QP_VARIABLES * QP_VARIABLES];
    static double a[QP_VARIABLES];
    static double lagrangian[QP_ROWS];
    static double c[QP_VARIABLES * QP_ROWS];
    static double b[QP_ROWS];
    static double work[(QP_VARIABLES * (QP_VARIABLES + 7)) + (2 * QP_ROWS) + 9];
    static int active[QP_ROWS];
    int active_count = 0;
    int iterations[2] = {0, 0};
    double objective = 0.0;
    for (uint32_t k = 0u; k < count; ++k) {
        least_us[k] = 1e9;
        for (uint32_t r = 0u; r < repeats; ++r) {
            for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
                a[j] = problems[k].proposed[j];
                for (uint32_t i = 0u; i < QP_VARIABLES; ++i) {
                    g[(j * QP_VARIABLES) + i] = (i == j) ? 1.0 : 0.0;
                }
                for (uint32_t i = 0u; i < problems[k].rows; ++i) {
                    c[(i * QP_VARIABLES) + j] = -problems[k].normal[j][i];
                    b[i] = -problems[k].bound[i];
                }
            }
            const double start = now_us();
            (void)call(g, a, QP_VARIABLES, &commands[k * QP_VARIABLES], lagrangian, &objective, c,
                       b, (int)problems[k].rows, 0, active, &active_count, iterations, work, 0);
            const double took = now_us() - start;
            least_us[k] = (took < least_us[k]) ? took : least_us[k];
        }
    }
}

/* The cost of reading the clock, which is inside of every time above. */
double time_clock(void);
double time_clock(void)
{
    double least = 1e9;
    for (uint32_t r = 0u; r < 10000u; ++r) {
        const double start = now_us();
        const double took = now_us() - start;
        least = (took < least) ? took : least;
    }
    return least;
}
