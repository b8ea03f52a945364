/* Calls a guard with arbitrary bit patterns, also inside the guard itself. Exits with 0 if every
 * answer is defined, every command finite and inside BOX, and no fallback ever stepped down. */

#include <stdio.h>
#include <string.h>

#include "guard.h"

#ifndef COMMAND
#define COMMAND dq /* the field of the action */
#endif

static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void scatter(void *target, size_t size)
{
    unsigned char *bytes = target;
    for (size_t i = 0; i < size; ++i) {
        bytes[i] = (unsigned char)(next() >> 24);
    }
}

static int broken(const char *what, uint64_t step)
{
    printf("%s at step %llu\n", what, (unsigned long long)step);
    return 1;
}

int main(void)
{
    guard g;
    guard_sample calm;
    memset(&g, 0, sizeof g);
    memset(&calm, 0, sizeof calm);
    (void)guard_init(&g);
    for (uint64_t step = 0; step < STEPS; ++step) {
        guard_sample now = calm;
        guard_action proposed;
        guard_action out;
        guard_verdict verdict;
        const uint64_t kind = next() % 64u;
        const guard_fallback before = (guard_fallback)g.fallback;
        const bool ready = g.ready != 0u;
        scatter(&proposed, sizeof proposed);
        if (kind < 20u) {
            scatter(&now, sizeof now);
        }
        now.time_ns = (kind % 4u == 0u) ? (int64_t)next() : g.latest_ns + (int64_t)(next() % 3u);
        memset(&out, 0xff, sizeof out);
        memset(&verdict, 0, sizeof verdict);
        if (kind < 48u) {
            verdict = guard_step(&g, (kind == 1u) ? NULL : &now, (kind == 2u) ? NULL : &proposed, &out);
        } else if (kind < 52u) {
            verdict = guard_tick(&g, now.time_ns, &out);
        } else if (kind < 56u) {
            memset(&out, 0, sizeof out);
            (void)guard_enter(&g, (guard_skill)(next() % 9u), &now);
        } else if (kind < 60u) {
            memset(&out, 0, sizeof out);
            (void)guard_leave(&g, &now);
        } else if (kind < 62u) {
            memset(&out, 0, sizeof out);
            (void)guard_init(&g);
            continue;
        } else {
            const uint32_t ready_word = g.ready;
            scatter(&g, sizeof g);
            g.ready = ready_word;
            continue;
        }
        for (uint32_t i = 0u; i < GUARD_JOINTS; ++i) {
            if (!((out.COMMAND[i] >= -BOX) && (out.COMMAND[i] <= BOX))) {
                return broken("a command outside of the box", step);
            }
        }
        if ((uint32_t)verdict.decision > 3u || (uint32_t)verdict.status > 6u ||
            (uint32_t)verdict.fallback > 3u || (uint32_t)verdict.source > 1u) {
            return broken("an answer that does not exist", step);
        }
        if (ready && before <= GUARD_FALLBACK_STOP && g.fallback < before) {
            return broken("a fallback that stepped down", step);
        }
    }
    printf("%llu steps\n", (unsigned long long)STEPS);
    return 0;
}
