/* See guard_affine.h. Included by guard.c behind the programs of the plants, affine_rows, affine_law
 * and affine_ahead, with a latency affine_carry, and the tables: FILTER_DOMAIN, FILTER_AHEAD and
 * FILTER_BOX (a lower and an upper bound each), FILTER_FLOOR (the least levels); with a switch also
 * FILTER_LEAVE and FILTER_BACK, with a limited change of the command FILTER_PACE. */

#include "guard_affine.h"

#include <math.h>

#define FILTER_BOUNDED 1024.0 /* a proposal further outside than so many boxes counts as that far */

/* The commands that may be given now. */
typedef struct filter_box {
    double low[FILTER_INPUTS];
    double high[FILTER_INPUTS];
} filter_box;

/* Where a command leads: states and levels one period later. */
typedef struct filter_future {
    double state[FILTER_STATES];
    double level[FILTER_LEVELS + 1u];
} filter_future;

static void filter_foresee(const double *state, const double *command, filter_future *future)
{
    double given[FILTER_STATES + FILTER_INPUTS];
    for (uint32_t i = 0u; i < FILTER_STATES; ++i) {
        given[i] = state[i];
    }
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        given[FILTER_STATES + j] = command[j];
    }
    affine_ahead(given, future->state, future->level);
}

/* The law at a state, in the box: 0 or what is next to it where it has no value. */
static void filter_law(const double *state, double *command)
{
    affine_law(state, command);
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        const double given = guard_finite(command[j]) ? command[j] : 0.0;
        command[j] = guard_clamp(given, FILTER_BOX[j][0], FILTER_BOX[j][1]);
    }
}

/* Before the first command, those next to 0 are under way. */
static void filter_start(filter_memory *memory)
{
    if (memory->started != 0u) {
        return;
    }
    for (uint32_t k = 0u; k <= FILTER_LATENCY; ++k) {
        for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
            memory->issued[k][j] = guard_clamp(0.0, FILTER_BOX[j][0], FILTER_BOX[j][1]);
        }
    }
}

/* What the last command leaves of the box. */
static void filter_reach(const filter_memory *memory, filter_box *box)
{
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        box->low[j] = FILTER_BOX[j][0];
        box->high[j] = FILTER_BOX[j][1];
#if FILTER_PACED
        const double low = memory->issued[FILTER_LATENCY][j] - FILTER_PACE[j][0];
        const double high = memory->issued[FILTER_LATENCY][j] + FILTER_PACE[j][0];
        box->low[j] = (low > box->low[j]) ? low : box->low[j];
        box->high[j] = (high < box->high[j]) ? high : box->high[j];
#else
        (void)memory;
#endif
    }
}

/* The command has been given, and leads there. */
static void filter_issue(filter_memory *memory, const double *command, const filter_future *future)
{
    memory->started = 1u;
#if FILTER_LATENCY > 0
    for (uint32_t k = 0u; k < FILTER_LATENCY; ++k) {
        for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
            memory->issued[k][j] = memory->issued[k + 1u][j];
        }
    }
#endif
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        memory->issued[FILTER_LATENCY][j] = command[j];
    }
    for (uint32_t i = 0u; i < FILTER_STATES; ++i) {
        memory->state[i] = future->state[i];
    }
}

/* Whether the next state is in the domains, no level is below what is wanted there, and the law can
 * be commanded behind this command. */
static bool filter_accepts(const filter_future *future, const double *wanted, const double *command)
{
    bool kept = true;
    for (uint32_t i = 0u; i < FILTER_STATES; ++i) {
        kept = kept && (FILTER_AHEAD[i][0] <= future->state[i]) &&
               (future->state[i] <= FILTER_AHEAD[i][1]);
    }
    for (uint32_t k = 0u; k < FILTER_LEVELS; ++k) {
        kept = kept && (future->level[k] >= wanted[k]);
    }
#if FILTER_PACED
    double law[FILTER_INPUTS];
    CHECK(kept, false);
    filter_law(future->state, law);
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        kept = kept && (fabs(law[j] - command[j]) <= FILTER_PACE[j][1]);
    }
#else
    (void)command;
#endif
    return kept;
}

/* Whether the state is in the domains that all proofs assume. */
static bool filter_known(const double *state)
{
    bool known = true;
    for (uint32_t i = 0u; i < FILTER_STATES; ++i) {
        known = known && (FILTER_DOMAIN[i][0] <= state[i]) && (state[i] <= FILTER_DOMAIN[i][1]);
    }
    return known;
}

/* The state that this period's command meets; whether all on the way are in the domains. */
static bool filter_predict(const filter_memory *memory, const double *measured, double *state)
{
    bool known = filter_known(measured);
    for (uint32_t i = 0u; i < FILTER_STATES; ++i) {
        state[i] = measured[i];
    }
#if FILTER_LATENCY > 0
    for (uint32_t k = 1u; k <= FILTER_LATENCY; ++k) {
        double given[FILTER_STATES + FILTER_INPUTS];
        for (uint32_t i = 0u; i < FILTER_STATES; ++i) {
            given[i] = state[i];
        }
        for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
            given[FILTER_STATES + j] = memory->issued[k][j];
        }
        affine_carry(given, state);
        known = filter_known(state) && known;
    }
#else
    (void)memory;
#endif
    return known;
}

/* The baseline: the law, as far as the last command allows. */
static void filter_baseline(filter_memory *memory, const double *state, double *command)
{
    filter_future future;
    filter_box box;
    filter_reach(memory, &box);
    filter_law(state, command);
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        command[j] = guard_clamp(command[j], box.low[j], box.high[j]);
    }
    filter_foresee(state, command, &future);
    filter_issue(memory, command, &future);
    for (uint32_t r = 0u; r < FILTER_ROWS; ++r) {
        memory->moved[r] = 0.0;
    }
}

/* The baseline at the state that was foreseen, where no measurement is to be had. */
static void filter_blind(filter_memory *memory, double *command)
{
    double state[FILTER_STATES];
    if (memory->started == 0u) {
        for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
            command[j] = guard_clamp(0.0, FILTER_BOX[j][0], FILTER_BOX[j][1]);
        }
        return;
    }
    for (uint32_t i = 0u; i < FILTER_STATES; ++i) {
        state[i] = memory->state[i];
    }
    filter_baseline(memory, state, command);
}

/* ---- the nearest command ---------------------------------------------------------------------- */

/* The sides of the box, the rows of the barriers, and zeros up to a whole block behind them. */
static void filter_stated(const filter_box *box, const double *state, const double *proposed,
                          qp_problem *problem)
{
    double bound[FILTER_LINES + 1u];
    double normal[(FILTER_LINES * FILTER_INPUTS) + 1u];
    affine_rows(state, bound, normal);
    for (uint32_t i = 0u; i < QP_ROWS; ++i) {
        for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
            problem->normal[j][i] = 0.0;
        }
        problem->bound[i] = 0.0;
    }
    for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
        problem->proposed[j] = 0.0;
    }
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        problem->proposed[j] = guard_clamp(proposed[j], FILTER_BOUNDED * FILTER_BOX[j][0],
                                           FILTER_BOUNDED * FILTER_BOX[j][1]);
        problem->normal[j][j] = 1.0;
        problem->normal[j][FILTER_INPUTS + j] = -1.0;
        problem->bound[j] = box->high[j];
        problem->bound[FILTER_INPUTS + j] = -box->low[j];
    }
    for (uint32_t r = 0u; r < FILTER_LINES; ++r) {
        for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
            problem->normal[j][(2u * FILTER_INPUTS) + r] = normal[(r * FILTER_INPUTS) + j];
        }
        problem->bound[(2u * FILTER_INPUTS) + r] = bound[r];
    }
    problem->rows = FILTER_ROWS;
}

/* The nearest command, if it is certified and the gate accepts it. */
static bool filter_found(filter_memory *memory, const filter_box *box, const double *state,
                         const double *proposed, const double *wanted, double *command)
{
    qp_problem problem;
    qp_solution solution;
    filter_future future;
    filter_stated(box, state, proposed, &problem);
    CHECK((qp_solve(&problem, &solution) == QP_OPTIMAL) && qp_certify(&problem, NULL, &solution),
          false);
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        command[j] = guard_clamp(solution.command[j], box->low[j], box->high[j]);
    }
    filter_foresee(state, command, &future);
    CHECK(filter_accepts(&future, wanted, command), false);
    for (uint32_t r = 0u; r < FILTER_ROWS; ++r) {
        memory->moved[r] = 0.0;
        if (solution.multiplier[r] > 0.0) {
            double square = 0.0;
            for (uint32_t j = 0u; j < QP_VARIABLES; ++j) {
                square += problem.normal[j][r] * problem.normal[j][r];
            }
            memory->moved[r] = solution.multiplier[r] * sqrt(square);
        }
    }
    filter_issue(memory, command, &future);
    return true;
}

/* ---- a period -------------------------------------------------------------------------------- */

#if FILTER_SWITCH

/* Who is in charge of this period: true if the learned command is. */
static bool filter_charge(filter_memory *memory, const filter_box *box, const double *state,
                          const double *proposed, bool doubtful, bool may_return)
{
    double asked[FILTER_INPUTS];
    filter_future future;
    const bool careful = doubtful || (memory->switched != 0u);
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        asked[j] = guard_clamp(proposed[j], box->low[j], box->high[j]);
    }
    filter_foresee(state, asked, &future);
    const bool kept = filter_accepts(&future, careful ? FILTER_BACK : FILTER_LEAVE, asked);
    if (memory->switched == 0u) {
        memory->switched = (uint8_t)!kept;
        memory->calm = 0u;
        return kept;
    }
    memory->calm = (kept && may_return) ? (memory->calm + 1u) : 0u;
    memory->switched = (uint8_t)(memory->calm < FILTER_HOLD);
    return memory->switched == 0u;
}

#endif /* FILTER_SWITCH */

/* One period: the command, and whether it comes from the proposed one, which is finite, or null
 * where no learned command may be used. `doubtful`: its confidence is low. */
static bool filter_step(filter_memory *memory, const double *measured, const double *proposed,
                        bool doubtful, bool may_return, double *command)
{
    double state[FILTER_STATES];
    filter_box box;
    filter_start(memory);
    bool learned = filter_predict(memory, measured, state) && (proposed != NULL);
    filter_reach(memory, &box);
#if FILTER_SWITCH
    if (!learned) {
        memory->switched = 1u;
        memory->calm = 0u;
    } else {
        learned = filter_charge(memory, &box, state, proposed, doubtful, may_return);
    }
    if (learned && filter_found(memory, &box, state, proposed, FILTER_LEAVE, command)) {
        return true;
    }
    memory->switched = learned ? 1u : memory->switched;
    memory->calm = learned ? 0u : memory->calm;
#else
    (void)doubtful;
    (void)may_return;
    if (learned && filter_found(memory, &box, state, proposed, FILTER_FLOOR, command)) {
        return true;
    }
#endif
    filter_baseline(memory, state, command);
    return false;
}
