/* See qp.h. The numbering of the steps is that of Goldfarb and Idnani, section 3. */

#include "qp.h"

#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#if (QP_ROWS % 8) != 0
#error "QP_ROWS is a multiple of eight"
#endif

#define QP_BLOCK 8u
#define QP_WIDTH (((QP_VARIABLES + 3u) / 4u) * 4u)
#define QP_LARGEST 1e100
#define QP_ENORMOUS 1e200         /* a row with a larger weight counts as a zero row */
#define QP_ALMOST_ZERO 1e-300     /* lost in every square that counts */
#define QP_SLACK 0x1p-46          /* a violation below this share of the command is none */
#define QP_NOISE 1e-12            /* a share of the terms of a sum below which it is rounding */
#define QP_FRACTION 1e-6          /* of the proposed command: sizes below are taken for this */
#define QP_PARALLEL 1e-24         /* squared sine below which normals are dependent */
#define QP_CANCELLED 0.25         /* squared length below which a rest is projected again */
#define QP_BLOCKING 1e-12         /* a share of an active normal below this one blocks nothing */

/* ---- the solver ------------------------------------------------------------------------------ */

/* Active rows, scaled to unit normals N = Q R: column k of Q is basis[k], of the inverse of R
 * inverse[k]. All vectors are padded with zeros to QP_WIDTH. */
typedef struct qp_active {
    uint32_t count;
    uint32_t row[QP_VARIABLES];
    double bound[QP_VARIABLES];
    double normal[QP_VARIABLES][QP_WIDTH];
    double basis[QP_VARIABLES][QP_WIDTH];
    double inverse[QP_VARIABLES][QP_WIDTH];
    double multiplier[QP_WIDTH];
    double command[QP_WIDTH];
    double proposed[QP_WIDTH];
} qp_active;

/* A unit normal: Q share + rest, and share = R composition. */
typedef struct qp_entering {
    uint32_t row;
    double bound;
    double multiplier;
    double normal[QP_WIDTH];
    double rest[QP_WIDTH];
    double rest_square;
    double share[QP_WIDTH];
    double composition[QP_WIDTH];
} qp_entering;

/* In four sums, so that neighbours can be added at once. */
static double qp_dot(const double *left, const double *right)
{
    double sum[4] = {0.0, 0.0, 0.0, 0.0};
    for (uint32_t j = 0u; j < QP_WIDTH; j += 4u) {
        for (uint32_t l = 0u; l < 4u; ++l) {
            sum[l] += left[j + l] * right[j + l];
        }
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static void qp_add(double *target, double factor, const double *vector)
{
    for (uint32_t j = 0u; j < QP_WIDTH; ++j) {
        target[j] += factor * vector[j];
    }
}

static double qp_largest(const double *vector)
{
    double largest = 0.0;
    for (uint32_t j = 0u; j < QP_WIDTH; ++j) {
        const double size = fabs(vector[j]);
        largest = (size > largest) ? size : largest;
    }
    return largest;
}

/* The number of rows, brought up to whole blocks. */
static uint32_t qp_padded(const qp_problem *problem)
{
    return (problem->rows + (QP_BLOCK - 1u)) & ~(QP_BLOCK - 1u);
}

/* 1 / |a_i|^2 for each row; false if something is not finite or too large. */
static bool qp_measure(const qp_problem *problem, double *restrict weight)
{
    const uint32_t padded = qp_padded(problem);
    uint32_t wrong = 0u;
    for (uint32_t i = 0u; i < padded; ++i) {
        double square = QP_ALMOST_ZERO;
        for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
            square += problem->normal[j][i] * problem->normal[j][i];
        }
        weight[i] = square;
    }
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        const bool right = (weight[i] <= (QP_LARGEST * QP_LARGEST)) &&
                           (fabs(problem->bound[i]) <= QP_LARGEST);
        wrong |= right ? 0u : 1u;
    }
    for (uint32_t i = 0u; i < padded; ++i) {
        weight[i] = 1.0 / weight[i];
    }
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        wrong |= (fabs(problem->proposed[j]) <= QP_LARGEST) ? 0u : 1u;
    }
    return wrong == 0u;
}

/* Takes rows without a normal out of the search; one that nothing satisfies, or `rows`. */
static uint32_t qp_impossible(const qp_problem *problem, double *weight)
{
    uint32_t impossible = problem->rows;
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        if (weight[i] >= QP_ENORMOUS) {
            weight[i] = 0.0;
            impossible = (problem->bound[i] < 0.0) ? i : impossible;
        }
    }
    return impossible;
}

/* How far each row is violated, squared and in the units of the command; 0 where it is not. */
static void qp_violations(const qp_problem *problem, const double *weight, const double *command,
                          double *restrict violation)
{
    const uint32_t padded = qp_padded(problem);
    for (uint32_t i = 0u; i < padded; ++i) {
        double excess = -problem->bound[i];
        for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
            excess += problem->normal[j][i] * command[j];
        }
        excess = 0.5 * (excess + fabs(excess)); /* its positive part, without a branch */
        violation[i] = (excess * excess) * weight[i];
    }
}

/* The row that is not active and violated most, its violation squared in `most`; `rows` if none is
 * violated by more than `most` says beforehand. */
static uint32_t qp_worst(const qp_problem *problem, const double *weight, const qp_active *active,
                         double *most)
{
    double violation[QP_ROWS];
    uint32_t worst = problem->rows;
    qp_violations(problem, weight, active->command, violation);
    for (uint32_t k = 0u; k < active->count; ++k) {
        violation[active->row[k]] = 0.0;
    }
    for (uint32_t i = 0u; i < problem->rows; ++i) {
        if (violation[i] > *most) {
            *most = violation[i];
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
    for (uint32_t j = 0u; j < QP_WIDTH; ++j) {
        entering->normal[j] = (j < QP_VARIABLES) ? (problem->normal[j][row] * scale) : 0.0;
    }
}

/* One Gram-Schmidt step. */
static void qp_project(const qp_active *active, qp_entering *entering)
{
    double part[QP_VARIABLES];
    for (uint32_t k = 0u; k < active->count; ++k) {
        part[k] = qp_dot(active->basis[k], entering->rest);
    }
    for (uint32_t k = 0u; k < active->count; ++k) {
        entering->share[k] += part[k];
        qp_add(entering->rest, -part[k], active->basis[k]);
    }
    entering->rest_square = qp_dot(entering->rest, entering->rest);
}

/* Step 2(a): splits the normal, and writes its share as a composition of active normals. */
static void qp_split(const qp_active *active, qp_entering *entering)
{
    for (uint32_t j = 0u; j < QP_WIDTH; ++j) {
        entering->rest[j] = entering->normal[j];
        entering->share[j] = 0.0;
        entering->composition[j] = 0.0;
    }
    qp_project(active, entering);
    if (entering->rest_square < QP_CANCELLED) {
        qp_project(active, entering);
    }
    for (uint32_t k = 0u; k < active->count; ++k) {
        qp_add(entering->composition, entering->share[k], active->inverse[k]);
    }
}

/* Appends the row, whose rest is not zero. */
static void qp_append(qp_active *active, const qp_entering *entering)
{
    const uint32_t k = active->count;
    const double inverse = 1.0 / sqrt(entering->rest_square);
    active->row[k] = entering->row;
    active->bound[k] = entering->bound;
    active->multiplier[k] = entering->multiplier;
    for (uint32_t j = 0u; j < QP_WIDTH; ++j) {
        active->normal[k][j] = entering->normal[j];
        active->basis[k][j] = entering->rest[j] * inverse;
        active->inverse[k][j] = -(entering->composition[j] * inverse);
    }
    active->inverse[k][k] = inverse;
    active->count = k + 1u;
}

/* Drops the active row at place k: turns the columns of Q and of the inverse so that this row of
 * the inverse has nothing left but its last entry, and leaves that row and the last column out. */
static void qp_drop(qp_active *active, uint32_t k)
{
    active->count -= 1u;
    for (uint32_t i = k; i < active->count; ++i) {
        const double left = active->inverse[i][k];
        const double right = active->inverse[i + 1u][k];
        const double length = sqrt((left * left) + (right * right));
        const double cosine = right / length;
        const double sine = left / length;
        for (uint32_t j = 0u; j < QP_WIDTH; ++j) {
            const double first = active->inverse[i][j];
            const double second = active->inverse[i + 1u][j];
            const double one = active->basis[i][j];
            const double other = active->basis[i + 1u][j];
            active->inverse[i][j] = (cosine * first) - (sine * second);
            active->inverse[i + 1u][j] = (sine * first) + (cosine * second);
            active->basis[i][j] = (cosine * one) - (sine * other);
            active->basis[i + 1u][j] = (sine * one) + (cosine * other);
        }
    }
    for (uint32_t l = k; l < active->count; ++l) {
        active->row[l] = active->row[l + 1u];
        active->bound[l] = active->bound[l + 1u];
        active->multiplier[l] = active->multiplier[l + 1u];
        for (uint32_t j = 0u; j < QP_WIDTH; ++j) {
            active->normal[l][j] = active->normal[l + 1u][j];
        }
    }
    active->multiplier[active->count] = 0.0;
    for (uint32_t l = 0u; l < active->count; ++l) {
        for (uint32_t j = k; j < active->count; ++j) {
            active->inverse[l][j] = active->inverse[l][j + 1u];
        }
        active->inverse[l][active->count] = 0.0;
    }
}

/* Step 2(b): the active row that blocks first, or `count`. */
static uint32_t qp_blocking(const qp_active *active, const qp_entering *entering)
{
    uint32_t blocking = active->count;
    double least = 0.0;
    for (uint32_t k = 0u; k < active->count; ++k) {
        if (entering->composition[k] > QP_BLOCKING) {
            const double ratio = active->multiplier[k] / entering->composition[k];
            if ((blocking == active->count) || (ratio < least)) {
                least = ratio;
                blocking = k;
            }
        }
    }
    return blocking;
}

/* Step 2(c): moves the multipliers, none below zero. */
static void qp_move(qp_active *active, qp_entering *entering, double length)
{
    for (uint32_t k = 0u; k < QP_WIDTH; ++k) {
        const double left = active->multiplier[k] - (length * entering->composition[k]);
        active->multiplier[k] = (left > 0.0) ? left : 0.0;
    }
    entering->multiplier += length;
}

/* The optimum over the active rows as equations, from the proposed command; refined once. */
static void qp_equate(qp_active *active)
{
    double shift[QP_WIDTH] = {0.0};
    for (uint32_t j = 0u; j < QP_WIDTH; ++j) {
        active->command[j] = active->proposed[j];
        active->multiplier[j] = 0.0;
    }
    for (uint32_t twice = 0u; twice < 2u; ++twice) {
        double missing[QP_WIDTH] = {0.0};
        for (uint32_t k = 0u; k < active->count; ++k) {
            missing[k] = active->bound[k] - qp_dot(active->normal[k], active->command);
        }
        for (uint32_t k = 0u; k < active->count; ++k) {
            const double part = qp_dot(active->inverse[k], missing);
            shift[k] += part;
            qp_add(active->command, part, active->basis[k]);
        }
    }
    for (uint32_t k = 0u; k < active->count; ++k) {
        qp_add(active->multiplier, -shift[k], active->inverse[k]);
    }
}

/* The same without the rows whose multiplier turns out to be negative. */
static void qp_polish(qp_active *active)
{
    for (uint32_t tries = 0u; tries <= QP_VARIABLES; ++tries) {
        qp_equate(active);
        double least = -QP_NOISE * qp_largest(active->multiplier);
        uint32_t place = active->count;
        for (uint32_t k = 0u; k < active->count; ++k) {
            if (active->multiplier[k] < least) {
                least = active->multiplier[k];
                place = k;
            }
            active->multiplier[k] = (active->multiplier[k] > 0.0) ? active->multiplier[k] : 0.0;
        }
        if (place == active->count) {
            return;
        }
        qp_drop(active, place);
    }
}

/* Steps 2(a) to 2(c) until the entering row is satisfied (QP_OPTIMAL: go on). */
static qp_answer qp_admit(qp_active *active, qp_entering *entering, uint32_t *steps)
{
    for (uint32_t tries = 0u; tries <= QP_VARIABLES; ++tries) {
        *steps += 1u;
        qp_split(active, entering);
        const bool dependent =
            (active->count == QP_VARIABLES) || !(entering->rest_square > QP_PARALLEL);
        const uint32_t blocking = qp_blocking(active, entering);
        const bool blocked = blocking < active->count;
        double length = 0.0;
        if (dependent && !blocked) {
            return QP_INFEASIBLE;
        }
        if (blocked) {
            length = active->multiplier[blocking] / entering->composition[blocking];
        }
        if (!dependent) {
            const double excess = qp_dot(entering->normal, active->command) - entering->bound;
            const double full = ((excess > 0.0) ? excess : 0.0) / entering->rest_square;
            if (!blocked || !(length < full)) {
                qp_move(active, entering, full);
                qp_add(active->command, -full, entering->rest);
                qp_append(active, entering);
                return QP_OPTIMAL;
            }
            qp_add(active->command, -length, entering->rest);
        }
        qp_move(active, entering, length);
        qp_drop(active, blocking);
    }
    return QP_EXHAUSTED;
}

static void qp_report(const qp_active *active, const double *weight, qp_solution *solution)
{
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        solution->command[j] = active->command[j];
    }
    for (uint32_t k = 0u; k < active->count; ++k) {
        const uint32_t row = active->row[k];
        solution->multiplier[row] = active->multiplier[k] * sqrt(weight[row]);
    }
}

/* Whether the contradiction is more than what rounding makes of rows that just meet. */
static bool qp_contradicts(const qp_active *active, const qp_entering *entering)
{
    double sum = entering->bound;
    double size = fabs(entering->bound);
    for (uint32_t k = 0u; k < active->count; ++k) {
        sum -= entering->composition[k] * active->bound[k];
        size += fabs(entering->composition[k] * active->bound[k]);
    }
    return sum < -(QP_NOISE * size);
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

static qp_answer qp_iterate(const qp_problem *problem, const double *weight, qp_solution *solution)
{
    bool polished = true;
    double excused = 0.0; /* squared violation of a row that rounding alone keeps unsatisfied */
    qp_active active;
    qp_entering entering;
    active.count = 0u;
    for (uint32_t j = 0u; j < QP_WIDTH; ++j) {
        active.proposed[j] = (j < QP_VARIABLES) ? problem->proposed[j] : 0.0;
        active.command[j] = active.proposed[j];
        active.multiplier[j] = 0.0;
    }
    const double start = qp_largest(active.proposed);
    const double least = QP_FRACTION * start; /* what counts as zero is not measured by itself */
    for (uint32_t turn = 0u; turn < (2u * QP_STEPS_MAX); ++turn) {
        const double size = qp_largest(active.command);
        const double floor = polished ? least : start;
        const double slack = QP_SLACK * ((size > floor) ? size : floor);
        double most = (slack * slack) + excused;
        const uint32_t row = qp_worst(problem, weight, &active, &most);
        if ((row < problem->rows) && (solution->steps < QP_STEPS_MAX)) {
            qp_enter(problem, row, weight[row], &entering);
            const qp_answer answer = qp_admit(&active, &entering, &solution->steps);
            if (answer == QP_EXHAUSTED) {
                return QP_EXHAUSTED;
            }
            if ((answer == QP_INFEASIBLE) && qp_contradicts(&active, &entering)) {
                qp_contradiction(&active, &entering, weight, solution);
                return QP_INFEASIBLE;
            }
            excused = (answer == QP_INFEASIBLE) ? most : excused;
            polished = false;
        } else if (row < problem->rows) {
            return QP_EXHAUSTED;
        } else if (!polished) {
            qp_polish(&active);
            polished = true;
        } else if (size <= QP_LARGEST) {
            qp_report(&active, weight, solution);
            return QP_OPTIMAL;
        } else {
            return QP_EXHAUSTED;
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
