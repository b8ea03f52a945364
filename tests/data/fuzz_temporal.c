/* Random steps through a guard of temporal properties over p, r, s, x, y, with everything that a
 * clock and a sensor should not do. Whatever comes, answers are answers, final ones stay, the
 * fallback never steps down, robustness is a number that never rises, and the command is finite.
 * With TICK the samples lie on a grid but for a few, and the trigger p is rare. */

#include <stdio.h>
#include <string.h>

#include "guard.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HOUR_NS INT64_C(3600000000000)

static uint64_t seed = UINT64_C(88172645463325252);

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

#ifdef TICK
#define ODD 2000u
#define FRESH 300u
#define SELDOM 40u
#define LONGEST (3000 * TICK)
static const int64_t steps[] = {TICK, TICK, TICK, TICK, 2 * TICK, 63 * TICK, 64 * TICK,
                                500 * TICK, 1100 * TICK, LONGEST};
#else
#define ODD 400u
#define FRESH 60u
#define SELDOM 2u
#define LONGEST 400
static const int64_t steps[] = {10, 10, 10, 10, 10, 11, 20, 25, 80, LONGEST};
#endif

static int64_t moved(int64_t stamp)
{
    switch (draw(ODD)) {
    case 0u:
        return stamp; /* repeated */
    case 1u:
        return (stamp > INT64_MIN + 40) ? (stamp - 40) : stamp; /* reversed */
    case 2u:
        return (stamp < INT64_MAX - HOUR_NS) ? (stamp + HOUR_NS) : stamp;
    case 3u:
        return (stamp > INT64_MIN + HOUR_NS) ? (stamp - HOUR_NS) : stamp;
    case 4u:
        return (stamp < INT64_MAX - 3) ? (stamp + 3) : stamp; /* sooner than declared */
    case 5u:
        return (int64_t)seed;
    default:
        return (stamp < INT64_MAX - LONGEST) ? (stamp + steps[draw(COUNT(steps))]) : stamp;
    }
}

static double number(void)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 1.7e308, -1.7e308, 5e-324, -0.0};
    static const double usual[] = {-1.0, -0.5, 0.0, 0.25, 1.0, 3.0};
    return (draw(300u) == 0u) ? odd[draw(COUNT(odd))] : usual[draw(COUNT(usual))];
}

static uint8_t flag(void)
{
    return (uint8_t)((draw(1000u) == 0u) ? draw(256u) : draw(2u));
}

int main(void)
{
    static guard g;
    static guard_answer before[COUNT(g.answers)];
    static double least[COUNT(g.robustness)];
    int64_t stamp = 0;
    for (uint32_t i = 0u; i < STEPS; ++i) {
        guard_sample now;
        guard_action out;
        guard_action proposed;
        guard_verdict verdict;
        const uint8_t fallback = g.fallback;
        const bool fresh = (i == 0u) || (draw(FRESH) == 0u);
        if (fresh) {
            (void)guard_init(&g);
            stamp = (draw(50u) == 0u) ? (int64_t)seed : (int64_t)draw(1000u);
        }
        memset(&now, 0, sizeof now);
        memset(&proposed, 0, sizeof proposed);
        stamp = moved(stamp);
        now.time_ns = stamp;
        now.p = (draw(SELDOM) == 0u) ? 1u : (flag() & 0xfeu);
        now.r = flag();
        now.s = flag();
        now.x = number();
        now.y = number();
        proposed.u[0] = number();
        if (draw(8u) == 0u) {
            verdict = guard_tick(&g, stamp, &out);
        } else {
            verdict = guard_step(&g, &now, &proposed, &out);
        }
        for (size_t k = 0u; k < COUNT(g.answers); ++k) {
            const bool final = !fresh && (before[k] >= GUARD_INVALID);
            if ((g.answers[k] > GUARD_VIOLATED) || (final && (g.answers[k] != before[k])) ||
                isnan(g.robustness[k]) || (!fresh && (g.robustness[k] > least[k]))) {
                printf("step %u: property %u\n", i, (unsigned)k);
                return 1;
            }
            before[k] = g.answers[k];
            least[k] = g.robustness[k];
        }
        if ((!fresh && (g.fallback < fallback)) || ((uint8_t)verdict.fallback != g.fallback) ||
            !guard_finite(out.u[0]) || (out.u[0] < -1.0) || (out.u[0] > 1.0)) {
            printf("step %u: verdict\n", i);
            return 1;
        }
    }
    printf("%u steps\n", STEPS);
    return 0;
}
