/* The hand-written part of a guard: truth of measured values, the bounded response, the joint
 * limit. Every function is total, has no loop, and keeps no state but the caller's.
 *
 * The meaning of each is in Python: monitor/measured.py, monitor/program.py, safety/limit.py. */

#ifndef GUARD_RUNTIME_H
#define GUARD_RUNTIME_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(FLT_EVAL_METHOD) || (FLT_EVAL_METHOD != 0)
#error "a guard needs doubles that are evaluated as doubles (FLT_EVAL_METHOD 0)"
#endif
#ifdef __FAST_MATH__
#error "a guard needs NaN and infinity: compile without -ffast-math"
#endif

/* Answers at once when something that must hold does not. */
#define CHECK(condition, answer)                                                                   \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            return (answer);                                                                       \
        }                                                                                          \
    } while (0)

/* What a step seldom does, kept out of it: so the step itself is short. */
#if defined(__GNUC__)
#define GUARD_SELDOM __attribute__((noinline, unused))
#else
#define GUARD_SELDOM inline
#endif

/* ---- truth of measured values ---------------------------------------------------------------- */

typedef uint8_t guard_truth;
#define GUARD_FALSE ((guard_truth)0)
#define GUARD_TRUE ((guard_truth)1)
#define GUARD_UNDEFINED ((guard_truth)2) /* neither: something in it is not finite */

static inline bool guard_finite(double value)
{
    return (value >= -DBL_MAX) && (value <= DBL_MAX);
}

static inline double guard_least(double left, double right)
{
    return (right < left) ? right : left;
}

static inline double guard_greatest(double left, double right)
{
    return (right > left) ? right : left;
}

/* ---- answers of a property ------------------------------------------------------------------- */

typedef uint8_t guard_answer;
#define GUARD_SATISFIED ((guard_answer)0)
#define GUARD_UNKNOWN ((guard_answer)1) /* not yet known */
#define GUARD_INVALID ((guard_answer)2) /* final: neither true nor false */
#define GUARD_VIOLATED ((guard_answer)3) /* final */

#define GUARD_LONGEST_NS ((uint64_t)4611686018427387904) /* 2^62 */

/* Nanoseconds from one stamp to another that is not earlier; exact over the whole range. An
 * earlier one gives more than 2^63, which is later than any deadline. */
static inline uint64_t guard_elapsed(int64_t since_ns, int64_t now_ns)
{
    return (now_ns < since_ns) ? UINT64_MAX : ((uint64_t)now_ns - (uint64_t)since_ns);
}

/* ---- always (trigger implies hold until[0, bound] response) ---------------------------------- */

/* The oldest trigger without a response. Whatever answers it answers all later ones. */
typedef struct guard_response {
    int64_t since_ns;
    uint8_t pending;
} guard_response;

/* Whether a deadline lies before `now_ns`, or at it if every sample of that stamp was seen. */
static inline bool guard_response_late(const guard_response *state, int64_t now_ns,
                                       uint64_t bound_ns, bool whole)
{
    const uint64_t elapsed_ns = guard_elapsed(state->since_ns, now_ns);
    CHECK(bound_ns <= GUARD_LONGEST_NS, true);
    return (state->pending != 0u) && (whole ? (elapsed_ns >= bound_ns) : (elapsed_ns > bound_ns));
}

/* Whether what is pending still holds. */
static inline bool guard_response_step(guard_response *state, int64_t now_ns, bool trigger,
                                       bool hold, bool response)
{
    if (response) {
        state->pending = 0u;
    } else if (trigger && (state->pending == 0u)) {
        state->pending = 1u;
        state->since_ns = now_ns;
    }
    return (state->pending == 0u) || hold;
}

/* ---- the limits of one component of a command ------------------------------------------------ */

/* The box of the hardware; `lower`, `upper` and `gain` bound the position that the command drives
 * by q+ = q + T u, if `bounded`. All constants are rounded inwards. */
typedef struct guard_joint {
    double box_lower;
    double box_upper;
    double lower;
    double upper;
    double gain;
    bool bounded;
} guard_joint;

static inline double guard_clamp(double value, double lower, double upper)
{
    return (value > upper) ? upper : ((value < lower) ? lower : value);
}

/* The command nearest to a finite `proposed` that keeps the joint and the box. */
static inline double guard_limit(const guard_joint *joint, double proposed, double position)
{
    double low = joint->box_lower;
    double high = joint->box_upper;
    CHECK((low <= 0.0) && (high >= 0.0), 0.0);
    CHECK(guard_finite(proposed) && guard_finite(position), 0.0);
    if (joint->bounded) {
        low = guard_clamp(joint->gain * (joint->lower - position), low, joint->box_upper);
        high = guard_clamp(joint->gain * (joint->upper - position), joint->box_lower, high);
    }
    CHECK(low <= high, 0.0);
    return guard_clamp(proposed, low, high);
}

static inline bool guard_outside(const guard_joint *joint, double position)
{
    return joint->bounded && !((joint->lower <= position) && (position <= joint->upper));
}

#endif /* GUARD_RUNTIME_H */
