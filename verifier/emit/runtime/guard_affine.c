/* See guard_affine.h. Included by guard.c behind the programs of the plants, affine_rows, affine_law
 * and affine_ahead, where it is needed affine_carry, and the tables: FILTER_DOMAIN, FILTER_AHEAD and
 * FILTER_BOX (a lower and an upper bound each), FILTER_FLOOR (the least levels); with a switch also
 * FILTER_LEAVE and FILTER_BACK; where commands change only so fast FILTER_STEP, and for each stage
 * of the way to the law FILTER_INSIDE, FILTER_FLOORS and FILTER_NEAR. */

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
#if FILTER_STAGES > 0
        const double low = memory->issued[FILTER_LATENCY][j] - FILTER_STEP[j];
        const double high = memory->issued[FILTER_LATENCY][j] + FILTER_STEP[j];
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

/* Whether the next state is in there, and no level is below what is wanted. */
static bool filter_kept(const filter_future *future, const double inside[][2], const double *wanted)
{
    bool kept = true;
    for (uint32_t i = 0u; i < FILTER_STATES; ++i) {
        kept = kept && (inside[i][0] <= future->state[i]) && (future->state[i] <= inside[i][1]);
    }
    for (uint32_t k = 0u; k < FILTER_LEVELS; ++k) {
        kept = kept && (future->level[k] >= wanted[k]);
    }
    return kept;
}

#if (FILTER_LATENCY > 0) || (FILTER_STAGES > 0)

/* The state one period later, as it is predicted. */
static void filter_carry(double *state, const double *command)
{
    double given[FILTER_STATES + FILTER_INPUTS];
    for (uint32_t i = 0u; i < FILTER_STATES; ++i) {
        given[i] = state[i];
    }
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        given[FILTER_STATES + j] = command[j];
    }
    affine_carry(given, state);
}

#endif

/* Commands that lead to the law. */
typedef struct filter_way {
    uint32_t left;
    double command[FILTER_STAGES + 1u][FILTER_INPUTS];
} filter_way;

#if FILTER_STAGES > 0

/* The way to the law behind a command; false if there is none. */
static bool filter_leads(const double *from, const double *command, filter_way *way)
{
    double state[FILTER_STATES];
    double last[FILTER_INPUTS];
    double law[FILTER_INPUTS];
    for (uint32_t i = 0u; i < FILTER_STATES; ++i) {
        state[i] = from[i];
    }
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        last[j] = command[j];
    }
    for (uint32_t k = 0u; k < FILTER_STAGES; ++k) {
        filter_future future;
        bool near = true;
        if (k > 0u) {
            filter_foresee(state, last, &future);
            CHECK(filter_kept(&future, FILTER_INSIDE[k], FILTER_FLOORS[k]), false);
        }
        filter_carry(state, last);
        filter_law(state, law);
        for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
            near = near && (fabs(law[j] - last[j]) <= FILTER_NEAR[k][j]);
        }
        if (near) {
            return true;
        }
        for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
            last[j] = guard_clamp(law[j], last[j] - FILTER_STEP[j], last[j] + FILTER_STEP[j]);
            way->command[k][j] = last[j];
        }
        way->left = k + 1u;
    }
    return false;
}

#endif /* FILTER_STAGES > 0 */

/* Whether a command leads into the domains, to no level below what is wanted, and to a way to the
 * law; all of which is told. */
static bool filter_accepts(const double *state, const double *command, const double *wanted,
                           filter_future *future, filter_way *way)
{
    way->left = 0u;
    filter_foresee(state, command, future);
    CHECK(filter_kept(future, FILTER_AHEAD, wanted), false);
#if FILTER_STAGES > 0
    return filter_leads(state, command, way);
#else
    return true;
#endif
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
        filter_carry(state, memory->issued[k]);
        known = filter_known(state) && known;
    }
#else
    (void)memory;
#endif
    return known;
}

#if FILTER_STAGES > 0

/* The next command of the way to the law; false if there is none. */
static bool filter_next(filter_memory *memory, double *command)
{
    CHECK((memory->left > 0u) && (memory->left <= FILTER_STAGES), false);
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        command[j] = memory->way[0][j];
    }
    for (uint32_t k = 0u; k < FILTER_STAGES; ++k) {
        for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
            memory->way[k][j] = memory->way[k + 1u][j];
        }
    }
    memory->left = memory->left - 1u;
    return true;
}

#endif /* FILTER_STAGES > 0 */

/* The baseline: what is left of the way to the law, then the law, as far as the last command
 * allows. */
static void filter_baseline(filter_memory *memory, const double *state, double *command)
{
    filter_future future;
    filter_box box;
    filter_reach(memory, &box);
#if FILTER_STAGES > 0
    if (!filter_next(memory, command)) {
        memory->left = 0u;
        filter_law(state, command);
    }
#else
    filter_law(state, command);
#endif
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
    filter_way way;
    filter_stated(box, state, proposed, &problem);
    CHECK((qp_solve(&problem, &solution) == QP_OPTIMAL) && qp_certify(&problem, NULL, &solution),
          false);
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        command[j] = guard_clamp(solution.command[j], box->low[j], box->high[j]);
    }
    CHECK(filter_accepts(state, command, wanted, &future, &way), false);
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
    memory->left = way.left;
    for (uint32_t k = 0u; k < way.left; ++k) {
        for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
            memory->way[k][j] = way.command[k][j];
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
    filter_way way;
    const bool careful = doubtful || (memory->switched != 0u);
    for (uint32_t j = 0u; j < FILTER_INPUTS; ++j) {
        asked[j] = guard_clamp(proposed[j], box->low[j], box->high[j]);
    }
    const bool kept = filter_accepts(state, asked, careful ? FILTER_BACK : FILTER_LEAVE, &future,
                                     &way);
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
