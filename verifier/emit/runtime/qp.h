/* The command nearest to a proposed one that satisfies linear rows, and the judgement of an answer.
 *
 *     minimize (u - proposed)^T P (u - proposed)   subject to   a_i . u <= b_i,   i < rows
 *
 * `qp_solve` finds: the dual active-set method of Goldfarb and Idnani (Mathematical Programming 27,
 * 1983) over an orthonormal basis of the active normals, which is kept by Gram-Schmidt steps that
 * are done twice (Daniel, Gragg, Kaufman and Stewart, Mathematics of Computation 30, 1976).
 * `qp_certify` judges: it shares no code with the solver, and nothing need be believed of that.
 *
 * No heap, no recursion, no state; every loop is bounded by a constant; every bit pattern of the
 * input has an answer. The meaning, operation by operation, is in Python: safety/qp.py. With -O3 the
 * passes over the rows are vectors, which is faster and changes no bit of the answer. */

#ifndef QP_H
#define QP_H

#include <stdbool.h>
#include <stdint.h>

#ifndef QP_VARIABLES
#define QP_VARIABLES 7
#endif
#ifndef QP_ROWS
#define QP_ROWS 64
#endif
#ifndef QP_STEPS_MAX
#define QP_STEPS_MAX 100 /* rows that enter or leave the active set */
#endif

#ifndef QP_TOLERANCE
#define QP_TOLERANCE 1e-11 /* of an answer that is certified, see `qp_certify` */
#endif
#ifndef QP_REACH
#define QP_REACH 1e4 /* no command that is looked for has a larger component */
#endif

/* Component j of row i is normal[j][i]: a pass over the rows runs through neighbours, eight at a
 * time; what stands behind the last row has no effect. */
typedef struct qp_problem {
    uint32_t rows; /* at most QP_ROWS */
    double proposed[QP_VARIABLES];
    double normal[QP_VARIABLES][QP_ROWS];
    double bound[QP_ROWS];
} qp_problem;

/* The lower triangle of P, which is symmetric and positive definite. */
typedef struct qp_metric {
    double entry[QP_VARIABLES][QP_VARIABLES];
} qp_metric;

typedef uint8_t qp_answer;
#define QP_OPTIMAL ((qp_answer)0)
#define QP_INFEASIBLE ((qp_answer)1) /* no command satisfies all rows */
#define QP_EXHAUSTED ((qp_answer)2)  /* QP_STEPS_MAX was reached, or the numbers left the finite */
#define QP_REFUSED ((qp_answer)3)    /* too many rows, numbers not finite, or P not definite */

/* `multiplier[i]` of row i: of the optimum, or of a contradiction between the rows (Farkas). */
typedef struct qp_solution {
    qp_answer answer;
    uint32_t steps;
    double command[QP_VARIABLES];
    double multiplier[QP_ROWS];
} qp_solution;

/* For P the identity. Entries beyond 1e100 in size are refused. */
qp_answer qp_solve(const qp_problem *problem, qp_solution *solution);

/* For any P; `scratch` holds the problem in coordinates in which P is the identity. */
qp_answer qp_solve_metric(const qp_problem *problem, const qp_metric *metric, qp_problem *scratch,
                          qp_solution *solution);

/* Whether the answer is right: QP_OPTIMAL with every row, the signs of the multipliers,
 * complementarity and stationarity within QP_TOLERANCE of the sizes of the terms they are sums of;
 * QP_INFEASIBLE if the multipliers show that no command with |u_j| <= QP_REACH satisfies the rows,
 * rounding errors paid for. `metric` is null for the identity. Anything else is not certified. */
bool qp_certify(const qp_problem *problem, const qp_metric *metric, const qp_solution *solution);


#endif /* QP_H */
