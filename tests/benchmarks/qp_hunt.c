/* Hunts for problems that the kernel answers wrongly: random rows, made degenerate on purpose.
 *
 * Every family but the last two contains a command that satisfies all rows up to rounding, so a
 * certified contradiction is a defect. */

#include "qp.h"

#include <math.h>
#include <string.h>

typedef struct hunter {
    uint64_t state;
    double inside[QP_VARIABLES];
} hunter;

static uint64_t bits(hunter *h)
{
    h->state ^= h->state << 13;
    h->state ^= h->state >> 7;
    h->state ^= h->state << 17;
    return h->state;
}

static double uniform(hunter *h)
{
    return (double)(bits(h) >> 11) * 0x1p-53;
}

static double normal(hunter *h)
{
    double sum = -6.0;
    for (uint32_t k = 0u; k < 12u; ++k) {
        sum += uniform(h);
    }
    return sum;
}

static uint32_t below(hunter *h, uint32_t count)
{
    return (uint32_t)(bits(h) >> 33) % count;
}

/* Row i touches the inside point, or stays `gap` away from it. */
static void bound_row(const hunter *h, qp_problem *problem, uint32_t i, double gap)
{
    double sum = 0.0;
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        sum += problem->normal[j][i] * h->inside[j];
    }
    problem->bound[i] = sum + gap;
}

static void copy_row(qp_problem *problem, uint32_t to, uint32_t from, double factor)
{
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        problem->normal[j][to] = factor * problem->normal[j][from];
    }
    problem->bound[to] = factor * problem->bound[from];
}

static void random_rows(hunter *h, qp_problem *problem, double far)
{
    problem->rows = 1u + below(h, QP_ROWS);
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        h->inside[j] = normal(h);
        problem->proposed[j] = far * normal(h);
    }
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
            problem->normal[j][i] = normal(h);
        }
        bound_row(h, problem, i, uniform(h));
    }
}

static void spoil(hunter *h, qp_problem *problem, uint32_t family)
{
    if (family == 9u) {
        for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
            h->inside[j] = rint(h->inside[j]);
            problem->proposed[j] = rint(problem->proposed[j]);
        }
    }
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        const uint32_t other = below(h, i + 1u);
        const double small = pow(10.0, -6.0 - (10.0 * uniform(h)));
        switch ((family == 10u) ? below(h, 10u) : family) { /* 10: all of them in one problem */
        case 1u: /* duplicates, also scaled */
            copy_row(problem, i, other, (below(h, 2u) == 0u) ? 1.0 : pow(10.0, normal(h)));
            break;
        case 2u: /* nearly parallel */
            copy_row(problem, i, other, 1.0);
            problem->normal[below(h, QP_VARIABLES)][i] += small;
            bound_row(h, problem, i, uniform(h) * small);
            break;
        case 3u: /* a vertex with more rows than variables */
            bound_row(h, problem, i, 0.0);
            break;
        case 4u: /* opposite pairs with a small gap or none */
            if ((i % 2u) == 1u) {
                bound_row(h, problem, i - 1u, 0.0);
                copy_row(problem, i, i - 1u, -1.0);
                problem->bound[i] += (below(h, 2u) == 0u) ? 0.0 : small;
            }
            break;
        case 5u: /* badly scaled */
            copy_row(problem, i, i, pow(10.0, 40.0 * (uniform(h) - 0.5)));
            break;
        case 6u: /* within a plane */
            for (uint32_t j = 2u; j < QP_VARIABLES; ++j) {
                problem->normal[j][i] = 0.0;
            }
            bound_row(h, problem, i, (below(h, 2u) == 0u) ? 0.0 : uniform(h));
            break;
        case 7u: /* unit rows, as of a box, that may be empty inside */
            for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
                problem->normal[j][i] = (j == (i % QP_VARIABLES)) ? ((i % 2u) ? 1.0 : -1.0) : 0.0;
            }
            bound_row(h, problem, i, (below(h, 3u) == 0u) ? 0.0 : uniform(h));
            break;
        case 8u: /* zero rows */
            if (below(h, 3u) == 0u) {
                copy_row(problem, i, i, 0.0);
            }
            break;
        case 9u: /* small whole numbers: ties everywhere */
            for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
                problem->normal[j][i] = rint(problem->normal[j][i]);
            }
            bound_row(h, problem, i, (double)below(h, 2u));
            break;
        case 11u: /* may be infeasible */
            problem->bound[i] -= 3.0 * uniform(h);
            break;
        case 12u: /* any bits at all */
            if (below(h, 20u) == 0u) {
                const uint64_t any = bits(h);
                double *where = (below(h, 2u) == 0u) ? &problem->bound[i]
                                                     : &problem->normal[below(h, QP_VARIABLES)][i];
                (void)memcpy(where, &any, sizeof any);
            }
            break;
        default:
            break;
        }
    }
}

/* counts: certified optimal, certified infeasible, not certified although an answer was given,
 * exhausted, refused, the most steps. `first` gets the first problem of the third kind. */
void hunt(uint64_t seed, uint32_t family, uint32_t count, uint32_t *counts, qp_problem *first);
void hunt(uint64_t seed, uint32_t family, uint32_t count, uint32_t *counts, qp_problem *first)
{
    hunter h = {(seed * 2654435769u) + 88172645463325252u, {0.0}};
    qp_problem problem;
    qp_solution solution;
    (void)memset(&problem, 0, sizeof problem);
    for (uint32_t k = 0u; k < count; ++k) {
        random_rows(&h, &problem, (below(&h, 2u) == 0u) ? 3.0 : pow(10.0, 5.0 * uniform(&h)));
        spoil(&h, &problem, family);
        const qp_answer answer = qp_solve(&problem, &solution);
        const bool right = qp_certify(&problem, 0, &solution);
        uint32_t kind = (answer == QP_OPTIMAL) ? 0u : 1u;
        kind = right ? kind : ((answer == QP_EXHAUSTED) ? 3u : ((answer == QP_REFUSED) ? 4u : 2u));
        if ((kind == 2u) && (counts[2] == 0u)) {
            *first = problem;
        }
        counts[kind] += 1u;
        counts[5] = (solution.steps > counts[5]) ? solution.steps : counts[5];
    }
}
