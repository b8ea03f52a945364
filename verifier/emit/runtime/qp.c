/* See qp.h. The numbering of the steps is that of Goldfarb and Idnani, section 3. */

#include "qp.h"

#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#define QP_LARGEST 1e100
#define QP_SMALLEST_SQUARE 1e-200 /* a row with a shorter normal counts as a zero row */
#define QP_SLACK 0x1p-46          /* a violation below this share of the command is none */
#define QP_PARALLEL 1e-12         /* sine of the angle below which normals are dependent */
#define QP_BLOCKING 1e-12         /* a share of an active normal below this one blocks nothing */

/* ---- the solver ------------------------------------------------------------------------------ */

/* Active rows, scaled to unit normals N = Q R: column k of Q is basis[k], of R triangle[k]. */
typedef struct qp_active {
    uint32_t count;
    uint32_t row[QP_VARIABLES];
    double normal[QP_VARIABLES][QP_VARIABLES];
    double bound[QP_VARIABLES];
    double multiplier[QP_VARIABLES];
    double basis[QP_VARIABLES][QP_VARIABLES];
    double triangle[QP_VARIABLES][QP_VARIABLES];
    double inverse[QP_VARIABLES]; /* of the diagonal of R */
} qp_active;

/* A unit normal as Q share + rest, and how it is composed of the active normals. */
typedef struct qp_entering {
    uint32_t row;
    double normal[QP_VARIABLES];
    double bound;
    double multiplier;
    double share[QP_VARIABLES];
    double rest[QP_VARIABLES];
    double rest_length;
    double composition[QP_VARIABLES];
} qp_entering;

static double qp_dot(const double *left, const double *right)
{
    double sum = 0.0;
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        sum += left[j] * right[j];
    }
    return sum;
}

static double qp_largest(const double *vector)
{
    double largest = 0.0;
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        const double size = fabs(vector[j]);
        largest = (size > largest) ? size : largest;
    }
    return largest;
}

/* 1 / |a_i|^2 for each row, 0 for a zero row; false if something is not finite or too large. */
static bool qp_measure(const qp_problem *problem, double *weight)
{
    uint32_t wrong = 0u;
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        wrong |= (fabs(problem->proposed[j]) <= QP_LARGEST) ? 0u : 1u;
    }
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        double square = 0.0;
        for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
            square += problem->normal[j][i] * problem->normal[j][i];
        }
        wrong |= (square <= (QP_LARGEST * QP_LARGEST)) ? 0u : 1u;
        wrong |= (fabs(problem->bound[i]) <= QP_LARGEST) ? 0u : 1u;
        weight[i] = (square >= QP_SMALLEST_SQUARE) ? (1.0 / square) : 0.0;
    }
    return wrong == 0u;
}

/* How far each row is violated, squared and in the units of the command; 0 where it is not. */
static void qp_violations(const qp_problem *problem, const double *command, const double *weight,
                          double *violation)
{
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        double excess = -problem->bound[i];
        for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
            excess += problem->normal[j][i] * command[j];
        }
        excess = (excess > 0.0) ? excess : 0.0;
        violation[i] = (excess * excess) * weight[i];
    }
}

/* The row that is not active and violated most; `rows` if none is by more than `least`. */
static uint32_t qp_worst(const qp_problem *problem, const qp_active *active, double *violation,
                         double least)
{
    uint32_t worst = problem->rows;
    for (uint32_t k = 0u; k < active->count; ++k) {
        violation[active->row[k]] = 0.0;
    }
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        if (violation[i] > least) {
            least = violation[i];
            worst = i;
        }
    }
    return worst;
}

static void qp_enter(const qp_problem *problem, uint32_t row, double weight, qp_entering *entering)
{
    const double scale = sqrt(weight);
    entering->row = row;
    entering->multiplier = 0.0;
    entering->bound = problem->bound[row] * scale;
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        entering->normal[j] = problem->normal[j][row] * scale;
    }
}

/* Step 2(a): splits the normal, and writes its share as a composition of active normals. */
static void qp_split(const qp_active *active, qp_entering *entering)
{
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        entering->rest[j] = entering->normal[j];
        entering->share[j] = 0.0;
    }
    for (uint32_t twice = 0u; twice < 2u; ++twice) {
        double part[QP_VARIABLES];
        for (uint32_t k = 0u; k < active->count; ++k) {
            part[k] = qp_dot(active->basis[k], entering->rest);
        }
        for (uint32_t k = 0u; k < active->count; ++k) {
            entering->share[k] += part[k];
            for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
                entering->rest[j] -= part[k] * active->basis[k][j];
            }
        }
    }
    entering->rest_length = sqrt(qp_dot(entering->rest, entering->rest));
    for (uint32_t k = active->count; k > 0u; --k) {
        double value = entering->share[k - 1u];
        for (uint32_t l = k; l < active->count; ++l) {
            value -= active->triangle[l][k - 1u] * entering->composition[l];
        }
        entering->composition[k - 1u] = value * active->inverse[k - 1u];
    }
}

/* Appends the row, whose rest is not zero. */
static void qp_append(qp_active *active, const qp_entering *entering)
{
    const uint32_t k = active->count;
    const double inverse = 1.0 / entering->rest_length;
    active->row[k] = entering->row;
    active->bound[k] = entering->bound;
    active->multiplier[k] = entering->multiplier;
    active->inverse[k] = inverse;
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        active->normal[k][j] = entering->normal[j];
        active->basis[k][j] = entering->rest[j] * inverse;
        active->triangle[k][j] = (j < k) ? entering->share[j] : 0.0;
    }
    active->triangle[k][k] = entering->rest_length;
    active->count = k + 1u;
}

/* Turns rows i and i + 1 of R, and the basis with them, so that R is a triangle again. */
static void qp_turn(qp_active *active, uint32_t i)
{
    const double upper = active->triangle[i][i];
    const double lower = active->triangle[i][i + 1u];
    const double length = sqrt((upper * upper) + (lower * lower));
    const double cosine = upper / length;
    const double sine = lower / length;
    for (uint32_t l = i; l < active->count; ++l) {
        const double first = active->triangle[l][i];
        const double second = active->triangle[l][i + 1u];
        active->triangle[l][i] = (cosine * first) + (sine * second);
        active->triangle[l][i + 1u] = (cosine * second) - (sine * first);
    }
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        const double first = active->basis[i][j];
        const double second = active->basis[i + 1u][j];
        active->basis[i][j] = (cosine * first) + (sine * second);
        active->basis[i + 1u][j] = (cosine * second) - (sine * first);
    }
    active->triangle[i][i + 1u] = 0.0;
    active->inverse[i] = 1.0 / active->triangle[i][i];
}

/* Drops the active row at place k. */
static void qp_drop(qp_active *active, uint32_t k)
{
    active->count -= 1u;
    for (uint32_t l = k; l < active->count; ++l) {
        active->row[l] = active->row[l + 1u];
        active->bound[l] = active->bound[l + 1u];
        active->multiplier[l] = active->multiplier[l + 1u];
        for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
            active->normal[l][j] = active->normal[l + 1u][j];
            active->triangle[l][j] = active->triangle[l + 1u][j];
        }
    }
    for (uint32_t i = k; i < active->count; ++i) {
        qp_turn(active, i);
    }
}

/* Step 2(b): the active row that blocks first, or `count`; `length` is how far it lets go. */
static uint32_t qp_blocking(const qp_active *active, const qp_entering *entering, double *length)
{
    uint32_t blocking = active->count;
    for (uint32_t k = 0u; k < active->count; ++k) {
        if (entering->composition[k] > QP_BLOCKING) {
            const double ratio = active->multiplier[k] / entering->composition[k];
            if ((blocking == active->count) || (ratio < *length)) {
                *length = ratio;
                blocking = k;
            }
        }
    }
    return blocking;
}

/* Step 2(c): moves the command and the multipliers. */
static void qp_move(qp_active *active, qp_entering *entering, double *command, double length,
                    bool primal)
{
    for (uint32_t k = 0u; k < active->count; ++k) {
        const double left = active->multiplier[k] - (length * entering->composition[k]);
        active->multiplier[k] = (left > 0.0) ? left : 0.0;
    }
    entering->multiplier += length;
    for (uint32_t j = 0u; primal && (j < QP_VARIABLES); ++j) {
        command[j] -= length * entering->rest[j];
    }
}

/* The optimum over the active rows as equations, from the proposed command; refined once. */
static void qp_polish(const qp_problem *problem, qp_active *active, double *command)
{
    double shift[QP_VARIABLES] = {0.0};
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        command[j] = problem->proposed[j];
    }
    for (uint32_t twice = 0u; twice < 2u; ++twice) {
        double part[QP_VARIABLES];
        for (uint32_t k = 0u; k < active->count; ++k) {
            double value = active->bound[k] - qp_dot(active->normal[k], command);
            for (uint32_t l = 0u; l < k; ++l) {
                value -= active->triangle[k][l] * part[l];
            }
            part[k] = value * active->inverse[k];
        }
        for (uint32_t k = 0u; k < active->count; ++k) {
            shift[k] += part[k];
            for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
                command[j] += part[k] * active->basis[k][j];
            }
        }
    }
    for (uint32_t k = active->count; k > 0u; --k) {
        double value = -shift[k - 1u];
        for (uint32_t l = k; l < active->count; ++l) {
            value -= active->triangle[l][k - 1u] * active->multiplier[l];
        }
        active->multiplier[k - 1u] = value * active->inverse[k - 1u];
    }
    for (uint32_t k = 0u; k < active->count; ++k) {
        active->multiplier[k] = (active->multiplier[k] > 0.0) ? active->multiplier[k] : 0.0;
    }
}

/* Steps 2(a) to 2(c) until the entering row is satisfied. QP_OPTIMAL: go on; the step count grows
 * by one with every row that enters or leaves. */
static qp_answer qp_admit(qp_active *active, qp_entering *entering, double *command,
                          uint32_t *steps)
{
    for (uint32_t tries = 0u; tries <= QP_VARIABLES; ++tries) {
        double length = 0.0;
        qp_split(active, entering);
        const bool full_rank = active->count == QP_VARIABLES;
        const bool dependent = full_rank || !(entering->rest_length > QP_PARALLEL);
        const uint32_t blocking = qp_blocking(active, entering, &length);
        const bool blocked = blocking < active->count;
        *steps += 1u;
        if (dependent && !blocked) {
            return QP_INFEASIBLE;
        }
        if (!dependent) {
            const double excess = qp_dot(entering->normal, command) - entering->bound;
            const double full = excess / (entering->rest_length * entering->rest_length);
            if (!blocked || !(length < full)) {
                qp_move(active, entering, command, (full > 0.0) ? full : 0.0, true);
                qp_append(active, entering);
                return QP_OPTIMAL;
            }
        }
        qp_move(active, entering, command, length, !dependent);
        qp_drop(active, blocking);
    }
    return QP_EXHAUSTED;
}

static void qp_report(const qp_active *active, const double *weight, qp_solution *solution)
{
    for (uint32_t k = 0u; k < active->count; ++k) {
        const uint32_t row = active->row[k];
        solution->multiplier[row] = active->multiplier[k] * sqrt(weight[row]);
    }
}

static void qp_contradiction(const qp_active *active, const qp_entering *entering,
                             const double *weight, qp_solution *solution)
{
    for (uint32_t k = 0u; k < active->count; ++k) {
        const uint32_t row = active->row[k];
        const double part = entering->composition[k] * sqrt(weight[row]);
        solution->multiplier[row] = (part < 0.0) ? -part : 0.0;
    }
    solution->multiplier[entering->row] = sqrt(weight[entering->row]);
}

/* A row without a normal: satisfied by everything or by nothing. */
static uint32_t qp_impossible(const qp_problem *problem, const double *weight)
{
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        if ((weight[i] == 0.0) && (problem->bound[i] < 0.0)) {
            return i;
        }
    }
    return problem->rows;
}

static qp_answer qp_iterate(const qp_problem *problem, const double *weight, qp_solution *solution)
{
    const double start = qp_largest(problem->proposed);
    double violation[QP_ROWS];
    bool polished = true;
    qp_active active;
    qp_entering entering;
    active.count = 0u;
    for (uint32_t turn = 0u; turn < (2u * QP_STEPS_MAX); ++turn) {
        const double size = qp_largest(solution->command);
        const double noise = QP_SLACK * ((polished || (size > start)) ? size : start);
        qp_violations(problem, solution->command, weight, violation);
        const uint32_t row = qp_worst(problem, &active, violation, noise * noise);
        if (row < problem->rows) {
            qp_enter(problem, row, weight[row], &entering);
            const qp_answer answer =
                qp_admit(&active, &entering, solution->command, &solution->steps);
            if (answer == QP_INFEASIBLE) {
                qp_contradiction(&active, &entering, weight, solution);
            }
            if ((answer != QP_OPTIMAL) || (solution->steps >= QP_STEPS_MAX)) {
                return (answer != QP_OPTIMAL) ? answer : QP_EXHAUSTED;
            }
            polished = false;
        } else if (polished) {
            qp_report(&active, weight, solution);
            return (size <= QP_LARGEST) ? QP_OPTIMAL : QP_EXHAUSTED;
        } else {
            qp_polish(problem, &active, solution->command);
            polished = true;
        }
    }
    return QP_EXHAUSTED;
}

qp_answer qp_solve(const qp_problem *problem, qp_solution *solution)
{
    double weight[QP_ROWS];
    solution->answer = QP_REFUSED;
    solution->steps = 0u;
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        solution->command[j] = 0.0;
    }
    for (uint32_t i = 0u; i < QP_ROWS; ++i) {
        solution->multiplier[i] = 0.0;
    }
    if ((problem->rows > QP_ROWS) || !qp_measure(problem, weight)) {
        return QP_REFUSED;
    }
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        solution->command[j] = problem->proposed[j];
    }
    const uint32_t impossible = qp_impossible(problem, weight);
    if (impossible < problem->rows) {
        solution->multiplier[impossible] = 1.0;
        solution->answer = QP_INFEASIBLE;
    } else {
        solution->answer = qp_iterate(problem, weight, solution);
    }
    return solution->answer;
}

/* ---- other metrics --------------------------------------------------------------------------- */

/* P = L L^T (Cholesky), L over the lower triangle of P; false if P is not positive definite. */
static bool qp_factor(const qp_metric *metric, qp_metric *factor)
{
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        for (uint32_t i = j; i < QP_VARIABLES; ++i) {
            double value = metric->entry[i][j];
            for (uint32_t k = 0u; k < j; ++k) {
                value -= factor->entry[i][k] * factor->entry[j][k];
            }
            if (i > j) {
                factor->entry[i][j] = value / factor->entry[j][j];
            } else if ((value > 0.0) && (value <= QP_LARGEST)) {
                factor->entry[j][j] = sqrt(value);
            } else {
                return false;
            }
        }
    }
    return true;
}

/* The problem in v = L^T u, in which the metric is the identity. */
static void qp_whiten(const qp_problem *problem, const qp_metric *factor, qp_problem *scratch)
{
    scratch->rows = problem->rows;
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        double value = 0.0;
        for (uint32_t k = j; k < QP_VARIABLES; ++k) {
            value += factor->entry[k][j] * problem->proposed[k];
        }
        scratch->proposed[j] = value;
        for (uint32_t i = 0u; i < problem->rows; ++i) {
            double part = problem->normal[j][i];
            for (uint32_t k = 0u; k < j; ++k) {
                part -= factor->entry[j][k] * scratch->normal[k][i];
            }
            scratch->normal[j][i] = part / factor->entry[j][j];
        }
    }
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        scratch->bound[i] = problem->bound[i];
    }
}

static void qp_unwhiten(const qp_metric *factor, double *command)
{
    for (uint32_t j = QP_VARIABLES; j > 0u; --j) {
        double value = command[j - 1u];
        for (uint32_t k = j; k < QP_VARIABLES; ++k) {
            value -= factor->entry[k][j - 1u] * command[k];
        }
        command[j - 1u] = value / factor->entry[j - 1u][j - 1u];
    }
}

qp_answer qp_solve_metric(const qp_problem *problem, const qp_metric *metric, qp_problem *scratch,
                          qp_solution *solution)
{
    qp_metric factor;
    scratch->rows = QP_ROWS + 1u;
    if ((problem->rows <= QP_ROWS) && qp_factor(metric, &factor)) {
        qp_whiten(problem, &factor, scratch);
    }
    (void)qp_solve(scratch, solution);
    if ((solution->answer == QP_OPTIMAL) && (solution->steps > 0u)) {
        qp_unwhiten(&factor, solution->command);
    } else if (solution->answer == QP_OPTIMAL) {
        for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
            solution->command[j] = problem->proposed[j]; /* untouched, to the last bit */
        }
    }
    return solution->answer;
}
