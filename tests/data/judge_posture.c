/* Drives one joint under a switch whose baseline is an impedance with policies that push it out, from
 * STARTS states in the ellipsoid P11 z^2 + 2 P12 z v + P22 v^2 <= LEVEL about POSTURE, most of them
 * at its edge, and looks at the true state alone. Prints, as C literals in a row: starts, steps, the
 * largest size over LEVEL, the furthest position to either side, the largest speed, the least that
 * was left to HIGH_END by a learned command, how often the baseline took over, how often a learned
 * command was in charge, how often one was called passed and changed, how often one that was in
 * charge and in the box was changed, and commands outside of the box. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "guard.h"

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

static double uniform(double low, double high)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return low + ((high - low) * ((double)(seed >> 11) * 0x1p-53));
}

static double size(double z, double v)
{
    return ((P11 * z * z) + (2.0 * P12 * z * v) + (P22 * v * v)) / LEVEL;
}

typedef struct joint {
    double q;
    double v;
} joint;

/* Half a period under a command and a disturbance, exactly. */
static void half(joint *x, double a)
{
    const double t = 0.5 * PERIOD;
    x->q += (t * x->v) + (0.5 * t * t * a);
    x->v += t * a;
}

static double worst(int kind, double most)
{
    switch (kind % 4) {
    case 0: return most;
    case 1: return -most;
    case 2: return uniform(-most, most);
    default: return (uniform(0.0, 1.0) < 0.5) ? most : -most;
    }
}

static double wish(int policy, int step, const joint *x)
{
    static const double broken[6] = {1e308, -1e308, 3.0, -2.0, 0.0, 1.0};
    switch (policy) {
    case 0: return (x->q > POSTURE) ? 1e3 : -1e3;
    case 1: return (x->v > 0.0) ? HIGH : LOW;
    case 2: return ((step / 40) % 2 == 0) ? 1e6 : -1e6;
    case 3: return uniform(-3.0 * HIGH, 3.0 * HIGH);
    case 4: return 0.0;
    case 5: return 0.9 * HIGH;
    default: return (uniform(0.0, 1.0) < 0.1) ? (double)NAN : broken[step % 6];
    }
}

int main(void)
{
    double largest = 0.0, lowest = 1e9, highest = -1e9, fastest = 0.0, left = 1e9;
    long starts = 0, steps = 0, taken = 0, learned = 0, changed = 0, touched = 0, outside = 0;
    const double l11 = sqrt(P11), l12 = P12 / l11, l22 = sqrt(P22 - (l12 * l12));
    for (int start = 0; start < STARTS; ++start) {
        const int policy = start % 7, err = start / 7, push = start / 28;
        const double angle = uniform(0.0, 6.283185307179586);
        const double part = (start % 3 == 0) ? sqrt(uniform(0.0, 1.0)) : 1.0 - uniform(0.0, 1e-9);
        const double radius = sqrt(LEVEL) * part;
        joint x;
        double under_way[LATENCY + 1] = {0.0};
        int by[LATENCY + 1] = {0};
        guard g;
        int before = 1;
        x.v = radius * sin(angle) / l22;
        x.q = POSTURE + (((radius * cos(angle)) - (l12 * x.v)) / l11);
        (void)guard_init(&g);
        for (int step = 0; step < STEPS + LATENCY; ++step) {
            guard_sample now;
            guard_action proposed, out;
            memset(&now, 0, sizeof now);
            memset(&out, 0, sizeof out);
            now.time_ns = (int64_t)step * (int64_t)(PERIOD * 1e9 + 0.5);
            now.q = x.q + worst(err, EQ);
            now.v = x.v + worst(err + (err / 2), EV);
            proposed.a[0] = wish(policy, step, &x);
            const guard_verdict verdict = guard_step(&g, &now, &proposed, &out);
            const int in_charge = verdict.source == GUARD_SOURCE_LEARNED;
            outside += !((LOW <= out.a[0]) && (out.a[0] <= HIGH));
            learned += in_charge;
            taken += before && !in_charge && (step > 0);
            before = in_charge;
            changed += (verdict.decision == GUARD_DECISION_PASS) &&
                       (memcmp(&out.a[0], &proposed.a[0], sizeof(double)) != 0);
            touched += in_charge && (LOW <= proposed.a[0]) && (proposed.a[0] <= HIGH) &&
                       (memcmp(&out.a[0], &proposed.a[0], sizeof(double)) != 0);
            under_way[step % (LATENCY + 1)] = out.a[0];
            by[step % (LATENCY + 1)] = in_charge && (step >= LATENCY);
            const int acting = (step + 1) % (LATENCY + 1);
            if (step == LATENCY && !(size(x.q - POSTURE, x.v) <= 1.0)) {
                break; /* it drifted out before any command could act */
            }
            starts += step == LATENCY;
            half(&x, under_way[acting] + worst(push, PUSH));
            half(&x, under_way[acting] + worst(push, PUSH));
            if (step < LATENCY) {
                continue;
            }
            steps += 1;
            largest = fmax(largest, size(x.q - POSTURE, x.v));
            lowest = fmin(lowest, x.q);
            highest = fmax(highest, x.q);
            fastest = fmax(fastest, fabs(x.v));
            if (by[acting] != 0) {
                left = fmin(left, HIGH_END - x.q);
            }
        }
    }
    printf("%ld, %ld, %.12g, %.12g, %.12g, %.12g, %.12g, %ld, %ld, %ld, %ld, %ld\n", starts, steps,
           largest, lowest, highest, fastest, left, taken, learned, changed, touched, outside);
    return 0;
}
