/* Judges a guard of an arm from outside: its own kinematics (homogeneous transforms and the sine of
 * the C library), its own distances and its own plant. Shares no code with the guard, whose functions
 * it calls like any other user. Driven by tests/test_filter.py through ctypes. */

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "guard.h"

#define N 7
#define LINKS 16
#define BALLS 32
#define BODIES 8
#define LATE 8

/* An arm as a list of transforms (rows of R, then p), each followed by a turn about its z axis if
 * `turns` is a joint's number, and spheres on them. */
typedef struct judge_arm {
    int32_t links;
    int32_t turns[LINKS];
    double fixed[LINKS][12];
    int32_t balls;
    int32_t on[BALLS];
    double center[BALLS][3];
    double radius[BALLS];
    double lower[N], upper[N], speed[N], push[N]; /* push: the box of the command, symmetric */
    double swing[N];                              /* its change in a period at most; 0: any */
    int32_t capsules;
    double from[BODIES][3], to[BODIES][3], thick[BODIES];
    int32_t boxes; /* |axis . (p - middle)| <= half for each of three axes */
    double middle[BODIES][3], axes[BODIES][9], half[BODIES][3];
    int32_t order;
    double period;
    int32_t latency;
    double disturbance, position_error, speed_error;
} judge_arm;

typedef struct judge_result {
    double position, speed, stop, clearance; /* the least that was ever left of each */
    int64_t steps, passed, clamped, rejected, faults, odd, outside_box, unlike;
} judge_result;

/* ---- chance ---------------------------------------------------------------------------------- */

static uint64_t judge_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static double judge_uniform(uint64_t *seed, double low, double high)
{
    return low + (high - low) * ((double)(judge_next(seed) >> 11) * 0x1p-53);
}

static double judge_normal(uint64_t *seed)
{
    const double u = judge_uniform(seed, 1e-300, 1.0), v = judge_uniform(seed, 0.0, 1.0);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

/* ---- the world ------------------------------------------------------------------------------- */

static double judge_to_capsule(const double *a, const double *b, const double *p)
{
    double best = INFINITY;
    double ab = 0.0, ap = 0.0;
    for (int k = 0; k < 3; ++k) {
        ab += (b[k] - a[k]) * (b[k] - a[k]);
        ap += (p[k] - a[k]) * (b[k] - a[k]);
    }
    const double inner = (ab > 0.0) ? fmin(1.0, fmax(0.0, ap / ab)) : 0.0;
    const double shares[3] = {0.0, 1.0, inner};
    for (int s = 0; s < 3; ++s) {
        double square = 0.0;
        for (int k = 0; k < 3; ++k) {
            const double at = a[k] * (1.0 - shares[s]) + b[k] * shares[s];
            square += (p[k] - at) * (p[k] - at);
        }
        best = fmin(best, sqrt(square));
    }
    return best;
}

static double judge_to_box(const judge_arm *arm, int b, const double *p)
{
    double square = 0.0;
    for (int a = 0; a < 3; ++a) {
        double along = 0.0;
        for (int k = 0; k < 3; ++k) {
            along += arm->axes[b][3 * a + k] * (p[k] - arm->middle[b][k]);
        }
        const double over = fabs(along) - arm->half[b][a];
        square += (over > 0.0) ? over * over : 0.0;
    }
    return sqrt(square);
}

/* The least distance of any sphere from anything. */
double judge_clearance(const judge_arm *arm, const double *q)
{
    double t[12] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0};
    double least = INFINITY;
    for (int l = 0; l < arm->links; ++l) {
        const double *f = arm->fixed[l];
        double next[12];
        double c = 1.0, s = 0.0;
        if (arm->turns[l] >= 0) {
            c = cos(q[arm->turns[l]]);
            s = sin(q[arm->turns[l]]);
        }
        for (int i = 0; i < 3; ++i) {
            double r[3];
            for (int k = 0; k < 3; ++k) {
                r[k] = t[3 * i] * f[k] + t[3 * i + 1] * f[3 + k] + t[3 * i + 2] * f[6 + k];
            }
            next[9 + i] =
                t[9 + i] + t[3 * i] * f[9] + t[3 * i + 1] * f[10] + t[3 * i + 2] * f[11];
            next[3 * i] = c * r[0] + s * r[1];
            next[3 * i + 1] = c * r[1] - s * r[0];
            next[3 * i + 2] = r[2];
        }
        memcpy(t, next, sizeof t);
        for (int b = 0; b < arm->balls; ++b) {
            if (arm->on[b] != l) {
                continue;
            }
            double p[3];
            for (int i = 0; i < 3; ++i) {
                p[i] = t[9 + i];
                for (int k = 0; k < 3; ++k) {
                    p[i] += t[3 * i + k] * arm->center[b][k];
                }
            }
            for (int o = 0; o < arm->capsules; ++o) {
                const double d = judge_to_capsule(arm->from[o], arm->to[o], p);
                least = fmin(least, d - arm->thick[o] - arm->radius[b]);
            }
            for (int o = 0; o < arm->boxes; ++o) {
                least = fmin(least, judge_to_box(arm, o, p) - arm->radius[b]);
            }
        }
    }
    return least;
}

/* How far inside its limits joint j is when braking from here is over (second order). */
static double judge_stop(const judge_arm *arm, int j, double q, double v)
{
    if (arm->order == 1) {
        return fmin(arm->upper[j] - q, q - arm->lower[j]);
    }
    const double a = arm->push[j], T = arm->period;
    const double left = floor(fabs(v) / (a * T)), rest = fabs(v) - left * a * T;
    const double way = (v * v - rest * rest) / (2.0 * a) + rest * T / 2.0;
    return (v > 0.0) ? arm->upper[j] - q - way : q - arm->lower[j] - way;
}

static void judge_state(const judge_arm *arm, const double *q, const double *v, judge_result *r)
{
    for (int j = 0; j < N; ++j) {
        r->position = fmin(r->position, fmin(arm->upper[j] - q[j], q[j] - arm->lower[j]));
        r->speed = fmin(r->speed, arm->speed[j] - fabs(v[j]));
        r->stop = fmin(r->stop, judge_stop(arm, j, q[j], v[j]));
    }
    r->clearance = fmin(r->clearance, judge_clearance(arm, q));
}

/* Whether braking at once, each joint as hard as it can, stays clear; every `stride` periods. */
bool judge_recoverable(const judge_arm *arm, const double *q0, const double *v0, int stride)
{
    double q[N], v[N];
    memcpy(q, q0, sizeof q);
    memcpy(v, v0, sizeof v);
    for (int j = 0; j < N; ++j) {
        if (judge_stop(arm, j, q[j], v[j]) < 0.0 || fabs(v[j]) > arm->speed[j]) {
            return false;
        }
    }
    for (int k = 0; k < 2000; ++k) {
        bool still = true;
        if (k % stride == 0 && judge_clearance(arm, q) < 0.0) {
            return false;
        }
        for (int j = 0; j < N; ++j) {
            const double most = arm->push[j] * arm->period;
            const double w = (fabs(v[j]) <= most) ? 0.0 : v[j] - copysign(most, v[j]);
            still = still && (v[j] == 0.0);
            q[j] += 0.5 * arm->period * (v[j] + w);
            v[j] = w;
        }
        if (still || arm->order == 1) {
            break;
        }
    }
    return judge_clearance(arm, q) >= 0.0;
}

/* ---- states ---------------------------------------------------------------------------------- */

static void judge_free(const judge_arm *arm, uint64_t *seed, double *q)
{
    do {
        for (int j = 0; j < N; ++j) {
            q[j] = judge_uniform(seed, arm->lower[j], arm->upper[j]);
        }
    } while (judge_clearance(arm, q) < 0.0);
}

/* Moves q towards another, colliding configuration until only this gap is left. */
static void judge_touch(const judge_arm *arm, uint64_t *seed, double *q, double gap)
{
    double other[N], middle[N], low = 0.0, high = 1.0;
    for (int j = 0; j < N; ++j) {
        other[j] = judge_uniform(seed, arm->lower[j], arm->upper[j]);
    }
    if (judge_clearance(arm, other) >= 0.0) {
        return;
    }
    for (int k = 0; k < 40; ++k) {
        const double share = 0.5 * (low + high);
        for (int j = 0; j < N; ++j) {
            middle[j] = q[j] + share * (other[j] - q[j]);
        }
        if (judge_clearance(arm, middle) < gap) {
            high = share;
        } else {
            low = share;
        }
    }
    for (int j = 0; j < N; ++j) {
        q[j] += low * (other[j] - q[j]);
    }
}

/* A safe state, mostly on the boundary: touching, at joint limits, as fast as can be braked. */
static void judge_start(const judge_arm *arm, uint64_t *seed, double *q, double *v)
{
    memset(v, 0, N * sizeof *v);
    judge_free(arm, seed, q);
    if (judge_next(seed) % 2u == 0u) {
        judge_touch(arm, seed, q,
                    (judge_next(seed) % 2u == 0u) ? 0.0 : judge_uniform(seed, 0.0, 0.01));
    }
    if (judge_next(seed) % 2u == 0u) {
        double moved[N];
        memcpy(moved, q, sizeof moved);
        for (int j = 0; j < N; ++j) {
            const double near = judge_uniform(seed, 0.0, 1.0) < 0.5 ? 0.0 : 0.02;
            if (judge_next(seed) % 3u == 0u) {
                moved[j] = (judge_next(seed) % 2u == 0u) ? arm->upper[j] - near : arm->lower[j] + near;
            }
        }
        if (judge_clearance(arm, moved) >= 0.0) {
            memcpy(q, moved, sizeof moved);
        }
    }
    if (arm->order == 1) {
        return;
    }
    double fast[N], low = 0.0, high = 1.0;
    for (int j = 0; j < N; ++j) {
        double least = 0.0, most = arm->speed[j];
        const double sign = (judge_next(seed) % 2u == 0u) ? 1.0 : -1.0;
        for (int k = 0; k < 60; ++k) {
            const double half = 0.5 * (least + most);
            if (judge_stop(arm, j, q[j], sign * half) >= 0.0) {
                least = half;
            } else {
                most = half;
            }
        }
        fast[j] = sign * least * ((judge_next(seed) % 2u == 0u) ? 1.0 : judge_uniform(seed, 0.0, 1.0));
    }
    if (!judge_recoverable(arm, q, fast, 16)) {
        for (int k = 0; k < 10; ++k) {
            const double share = 0.5 * (low + high);
            for (int j = 0; j < N; ++j) {
                v[j] = share * fast[j];
            }
            if (judge_recoverable(arm, q, v, 16)) {
                low = share;
            } else {
                high = share;
            }
        }
    } else {
        low = 1.0;
    }
    for (int j = 0; j < N; ++j) {
        v[j] = low * fast[j];
    }
    while (!judge_recoverable(arm, q, v, 1)) {
        for (int j = 0; j < N; ++j) {
            v[j] *= (low > 1e-3) ? 0.98 : 0.0;
        }
        low *= 0.98;
    }
}

/* `count` of them, one after the other. */
void judge_starts(const judge_arm *arm, uint64_t seed, int64_t count, double *q, double *v)
{
    for (int64_t k = 0; k < count; ++k) {
        judge_start(arm, &seed, &q[N * k], &v[N * k]);
    }
}

/* ---- runs ------------------------------------------------------------------------------------ */

static bool judge_asks(const judge_arm *arm, uint64_t *seed, int policy, int64_t k, double size,
                       const double *bias, double *asked)
{
    bool finite = true;
    for (int j = 0; j < N; ++j) {
        switch (policy) {
        case 0: /* a constant push */
            asked[j] = size * bias[j];
            break;
        case 1: /* bang-bang */
            asked[j] = ((k / (37 + 11 * j)) % 2 == 0) ? size * arm->push[j] : -size * arm->push[j];
            break;
        case 2: /* noise */
            asked[j] = size * judge_normal(seed);
            break;
        default: /* noise with bursts of what is no number */
            asked[j] = size * judge_normal(seed);
            if (k % 100 < 7 || policy > 3) {
                const uint64_t odd = judge_next(seed) % 8u;
                asked[j] = (odd == 0u) ? NAN : (odd == 1u) ? INFINITY : (odd == 2u) ? -INFINITY
                           : (odd == 3u) ? 1e300 : asked[j];
            }
            break;
        }
        finite = finite && isfinite(asked[j]);
    }
    return finite;
}

static guard_verdict judge_guarded(const judge_arm *arm, guard *g, int64_t stamp, const double *q,
                                   const double *v, const double *asked, double *given,
                                   judge_result *r)
{
    guard_sample now;
    guard_action proposed, out;
    bool same = true, finite = true;
    memset(&now, 0, sizeof now);
    now.time_ns = stamp;
    now.sure = 1.0;
    now.go = 1u;
    memcpy(now.q, q, sizeof now.q);
    memcpy(now.v, v, sizeof now.v);
    memcpy(proposed.a, asked, sizeof proposed.a);
    const guard_verdict answer = guard_step(g, &now, &proposed, &out);
    memcpy(given, out.a, sizeof out.a);
    for (int j = 0; j < N; ++j) {
        same = same && memcmp(&given[j], &asked[j], sizeof given[j]) == 0;
        finite = finite && isfinite(given[j]);
        r->outside_box += !(fabs(given[j]) <= arm->push[j]);
    }
    r->odd += !finite;
    r->unlike += (answer.decision == GUARD_DECISION_PASS) != same;
    r->passed += answer.decision == GUARD_DECISION_PASS;
    r->clamped += answer.decision == GUARD_DECISION_CLAMP;
    r->rejected += answer.decision == GUARD_DECISION_REJECT;
    r->faults += answer.decision == GUARD_DECISION_FAULT;
    r->steps += 1;
    return answer;
}

static void judge_move(const judge_arm *arm, uint64_t *seed, int64_t k, double *q, double *v,
                       const double *given)
{
    for (int j = 0; j < N; ++j) {
        const double slow = ((k / 1000 + j) % 2 == 0) ? 1.0 : -1.0; /* pushes for a long time */
        const double d = arm->disturbance *
                         ((k % 3 == 0) ? judge_uniform(seed, -1.0, 1.0) : slow);
        const double u = given[j] + d;
        if (arm->order == 1) {
            q[j] += arm->period * u;
        } else {
            q[j] += arm->period * v[j] + 0.5 * arm->period * arm->period * u;
            v[j] += arm->period * u;
        }
    }
}

void judge_clear_result(judge_result *r)
{
    memset(r, 0, sizeof *r);
    r->position = r->speed = r->stop = r->clearance = INFINITY;
}

/* Single periods from these states; every tenth command has something in it that is no number. */
void judge_steps(const judge_arm *arm, uint64_t seed, int64_t count, const double *starts,
                 const double *speeds, double size, judge_result *r)
{
    static guard g;
    double q[N], v[N], asked[N], given[N];
    const double bias[N] = {1, 1, 1, 1, 1, 1, 1};
    judge_clear_result(r);
    for (int64_t k = 0; k < count; ++k) {
        memcpy(q, &starts[N * k], sizeof q);
        memcpy(v, &speeds[N * k], sizeof v);
        (void)guard_init(&g);
        (void)judge_asks(arm, &seed, (k % 10 == 9) ? 4 : 2, k, size, bias, asked);
        (void)judge_guarded(arm, &g, 0, q, v, asked, given, r);
        judge_move(arm, &seed, k, q, v, given);
        judge_state(arm, q, v, r);
    }
}

/* Runs from rest towards what is nearest, at full push: how near it ever comes, and how many runs the
 * switch took over (`faults` counts those in which it did not). */
void judge_switch(const judge_arm *arm, uint64_t seed, int64_t runs, int64_t steps, double room,
                  judge_result *r)
{
    static guard g;
    double q[N], v[N], asked[N], given[N];
    judge_clear_result(r);
    for (int64_t run = 0; run < runs; ++run) {
        const int64_t before = r->rejected;
        memset(v, 0, sizeof v);
        do {
            judge_free(arm, &seed, q);
            judge_touch(arm, &seed, q, judge_uniform(&seed, room, room + 0.01));
        } while (judge_clearance(arm, q) < room || judge_clearance(arm, q) > room + 0.01);
        const double here = judge_clearance(arm, q);
        for (int j = 0; j < N; ++j) {
            const double place = q[j];
            q[j] += 1e-6;
            const double nearer = judge_clearance(arm, q);
            q[j] = place;
            asked[j] = (nearer < here) ? arm->push[j] : (nearer > here) ? -arm->push[j] : 0.0;
        }
        (void)guard_init(&g);
        bool over = false;
        for (int64_t k = 0; k < steps && !over; ++k) {
            (void)judge_guarded(arm, &g, 1000000 * k, q, v, asked, given, r);
            judge_move(arm, &seed, k, q, v, given);
            judge_state(arm, q, v, r);
            over = r->rejected > before;
            for (int j = 0; j < N; ++j) {
                over = over && fabs(v[j]) < 1e-9;
            }
        }
        r->faults += (r->rejected == before);
    }
}

/* Runs from rest, with what the plant declares of latency, disturbance and error. */
void judge_loop(const judge_arm *arm, uint64_t seed, int64_t runs, int64_t steps, int policy,
                double size, judge_result *r)
{
    static guard g;
    double q[N], v[N], seen[N], pace[N], asked[N], given[N], bias[N], under_way[LATE][N], last[N];
    judge_clear_result(r);
    for (int64_t run = 0; run < runs; ++run) {
        memset(v, 0, sizeof v);
        memset(last, 0, sizeof last);
        memset(under_way, 0, sizeof under_way);
        do {
            judge_free(arm, &seed, q);
            for (int j = 0; j < N; ++j) { /* leaves what may be off by */
                q[j] = fmin(arm->upper[j] - 0.05, fmax(arm->lower[j] + 0.05, q[j]));
            }
        } while (judge_clearance(arm, q) < 0.03);
        for (int j = 0; j < N; ++j) {
            bias[j] = judge_uniform(&seed, -1.0, 1.0) * arm->push[j];
        }
        (void)guard_init(&g);
        for (int64_t k = 0; k < steps; ++k) {
            for (int j = 0; j < N; ++j) {
                const double side = ((k / 700 + j) % 2 == 0) ? 1.0 : -1.0;
                const double e = (k % 5 == 0) ? judge_uniform(&seed, -1.0, 1.0) : side;
                seen[j] = q[j] + arm->position_error * e;
                pace[j] = v[j] + arm->speed_error * ((k % 2 == 0) ? e : -e);
            }
            if (policy == 0 && k % 2000 == 1999) {
                for (int j = 0; j < N; ++j) {
                    bias[j] = judge_uniform(&seed, -1.0, 1.0) * arm->push[j];
                }
            }
            (void)judge_asks(arm, &seed, policy, k, size, bias, asked);
            (void)judge_guarded(arm, &g, 1000000 * k, seen, pace, asked, given, r);
            for (int j = 0; j < N; ++j) {
                const double change = fabs(given[j] - last[j]);
                r->outside_box += (arm->swing[j] > 0.0) && !(change <= arm->swing[j]);
                last[j] = given[j];
            }
            if (arm->latency > 0) {
                double acting[N];
                memcpy(acting, under_way[0], sizeof acting);
                memmove(under_way[0], under_way[1], (LATE - 1) * sizeof under_way[0]);
                memcpy(under_way[arm->latency - 1], given, sizeof given);
                memcpy(given, acting, sizeof given);
            }
            judge_move(arm, &seed, k, q, v, given);
            judge_state(arm, q, v, r);
        }
    }
}
