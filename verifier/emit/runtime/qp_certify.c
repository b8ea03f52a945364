/* The judgement of an answer; see qp.h. Stands alone on purpose: only the data are shared.
 *
 * A certified optimum is the exact optimum of a problem whose bounds and proposed command differ
 * from the given ones by at most QP_TOLERANCE, relative to the terms that are summed (Karush, Kuhn
 * and Tucker: sufficient, since P is positive definite). A certified contradiction is exact: y >= 0
 * with sum_i y_i b_i + QP_REACH |sum_i y_i a_i|_1 < 0 (Farkas, over the box |u_j| <= QP_REACH). */

#include "qp.h"

#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#define CERTIFY_NEGLIGIBLE 0x1p-900 /* far above what underflow can hide */
#define CERTIFY_FRACTION 1e-6 /* of the proposed command: the size of an answer that is all zeros */

static double certify_larger(double left, double right)
{
    return (right > left) ? right : left;
}

/* Multipliers are not negative and finite; rows hold; those with a multiplier hold as equations. */
static bool certify_rows(const qp_problem *problem, const qp_solution *solution)
{
    double value[QP_ROWS];
    double size[QP_ROWS];
    double reach = 0.0;
    uint32_t wrong = 0u;
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        reach = certify_larger(reach, fabs(solution->command[j]));
        reach = certify_larger(reach, CERTIFY_FRACTION * fabs(problem->proposed[j]));
    }
    for (uint32_t first = 0u; first < problem->rows; first += 8u) {
        for (uint32_t i = first; i < (first + 8u); ++i) {
            value[i] = -problem->bound[i];
            size[i] = 0.0;
        }
        for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
            for (uint32_t i = first; i < (first + 8u); ++i) {
                value[i] += problem->normal[j][i] * solution->command[j];
                size[i] += fabs(problem->normal[j][i]);
            }
        }
        for (uint32_t i = first; i < (first + 8u); ++i) {
            size[i] = QP_TOLERANCE * (fabs(problem->bound[i]) + (size[i] * reach));
        }
    }
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        const bool held = (value[i] <= size[i]) && (solution->multiplier[i] >= 0.0);
        const bool tight = (solution->multiplier[i] == 0.0) ||
                           ((value[i] >= -size[i]) && (solution->multiplier[i] < HUGE_VAL));
        wrong |= (held && tight) ? 0u : 1u;
    }
    return wrong == 0u;
}

/* P (u - proposed) + sum_i multiplier_i a_i is zero. */
static bool certify_stationary(const qp_problem *problem, const qp_metric *metric,
                               const qp_solution *solution)
{
    double sum[QP_VARIABLES];
    double sizes[QP_VARIABLES];
    double residual = 0.0;
    double size = 0.0;
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        sum[j] = solution->command[j] - problem->proposed[j];
        sizes[j] = fabs(solution->command[j]) + fabs(problem->proposed[j]);
    }
    for (uint32_t j = 0u; (metric != 0) && (j < QP_VARIABLES); ++j) {
        sum[j] = 0.0;
        sizes[j] = 0.0;
        for (uint32_t k = 0u; k < QP_VARIABLES; ++k) {
            const double entry = (k > j) ? metric->entry[k][j] : metric->entry[j][k];
            sum[j] += entry * (solution->command[k] - problem->proposed[k]);
            sizes[j] += fabs(entry) * (fabs(solution->command[k]) + fabs(problem->proposed[k]));
        }
    }
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        if (solution->multiplier[i] > 0.0) {
            for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
                sum[j] += solution->multiplier[i] * problem->normal[j][i];
                sizes[j] += solution->multiplier[i] * fabs(problem->normal[j][i]);
            }
        }
    }
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        if (!(sizes[j] < HUGE_VAL)) {
            return false;
        }
        residual = certify_larger(residual, fabs(sum[j]));
        size = certify_larger(size, sizes[j]);
    }
    return residual <= (QP_TOLERANCE * size);
}

/* The multipliers contradict the rows for every command within reach. A sum of k products in
 * doubles is wrong by less than (k + 4) 2^-52 of the sum of their sizes; products with zero are
 * exact. */
static bool certify_contradiction(const qp_problem *problem, const qp_solution *solution)
{
    double rounding = 4.0 * 0x1p-52;
    double distance = 0.0;
    double sum = 0.0;
    double sizes = 0.0;
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        if (!((solution->multiplier[i] >= 0.0) && (solution->multiplier[i] < HUGE_VAL))) {
            return false;
        }
        rounding += (solution->multiplier[i] > 0.0) ? 0x1p-52 : 0.0;
        sum += solution->multiplier[i] * problem->bound[i];
        sizes += solution->multiplier[i] * fabs(problem->bound[i]);
    }
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        double normal = 0.0;
        double size = 0.0;
        for (uint32_t i = 0u; i < problem->rows; ++i) {
            if (solution->multiplier[i] > 0.0) {
                normal += solution->multiplier[i] * problem->normal[j][i];
                size += solution->multiplier[i] * fabs(problem->normal[j][i]);
            }
        }
        distance += QP_REACH * (fabs(normal) + (rounding * size));
    }
    return (sum + (rounding * sizes) + (distance * 1.001)) < -CERTIFY_NEGLIGIBLE;
}

bool qp_certify(const qp_problem *problem, const qp_metric *metric, const qp_solution *solution)
{
    if (problem->rows > QP_ROWS) {
        return false;
    }
    if (solution->answer == QP_OPTIMAL) {
        return certify_rows(problem, solution) && certify_stationary(problem, metric, solution);
    }
    if (solution->answer == QP_INFEASIBLE) {
        return certify_contradiction(problem, solution);
    }
    return false;
}
