/* The hand-written part of a robot's kinematics: sine, cosine, and how a point moves. Total, without
 * state; every loop is bounded by the number of joints.
 *
 * The meaning of each is in Python: safety/trigonometry.py, safety/kinematics.py. */

#ifndef ROBOT_RUNTIME_H
#define ROBOT_RUNTIME_H

#include <float.h>
#include <math.h>
#include <stdint.h>

#if !defined(FLT_EVAL_METHOD) || (FLT_EVAL_METHOD != 0)
#error "kinematics needs doubles that are evaluated as doubles (FLT_EVAL_METHOD 0)"
#endif
#ifdef __FAST_MATH__
#error "kinematics needs NaN and ordered sums: compile without -ffast-math"
#endif

/* sin x and cos x with an error of at most 2^-51, the same doubles on every machine; NaN twice for
 * what is not finite or beyond 4096 rad. */
static inline void robot_sine_cosine(double x, double *sine, double *cosine)
{
    if (!((x >= -4096.0) && (x <= 4096.0))) {
        *sine = NAN;
        *cosine = NAN;
        return;
    }
    const double turns = ((x * 0x1.45f306dc9c883p-1) + 0x1.8p52) - 0x1.8p52;
    const double first = x - (turns * 0x1.921fb54443p+0);
    const double second = first - (turns * -0x1.73dcb3b398p-43);
    const double r = second - (turns * -0x1.d747f23e32ed7p-83);
    const double square = r * r;
    double s = 0x1.952c77030ad4ap-49; /* 1 / 17! */
    s = (s * square) - 0x1.ae7f3e733b81fp-41;
    s = (s * square) + 0x1.6124613a86d09p-33;
    s = (s * square) - 0x1.ae64567f544e4p-26;
    s = (s * square) + 0x1.71de3a556c734p-19;
    s = (s * square) - 0x1.a01a01a01a01ap-13;
    s = (s * square) + 0x1.1111111111111p-7;
    s = (s * square) - 0x1.5555555555555p-3;
    s = r + ((r * square) * s);
    double c = 0x1.ae7f3e733b81fp-45; /* 1 / 16! */
    c = (c * square) - 0x1.93974a8c07c9dp-37;
    c = (c * square) + 0x1.1eed8eff8d898p-29;
    c = (c * square) - 0x1.27e4fb7789f5cp-22;
    c = (c * square) + 0x1.a01a01a01a01ap-16;
    c = (c * square) - 0x1.6c16c16c16c17p-10;
    c = (c * square) + 0x1.5555555555555p-5;
    c = (c * square) - 0x1p-1;
    c = 1.0 + (square * c);
    switch ((uint32_t)((int32_t)turns) & 3u) {
    case 0u:
        *sine = s;
        *cosine = c;
        break;
    case 1u:
        *sine = c;
        *cosine = -s;
        break;
    case 2u:
        *sine = -s;
        *cosine = -c;
        break;
    default:
        *sine = -c;
        *cosine = s;
        break;
    }
}

/* How fast a point that the first `carried` of the joints carry moves in a direction, per unit of
 * each joint's speed. The screws stand one component after the other. */
static inline void robot_point_row(const double *angular, const double *linear, uint32_t joints,
                                   uint32_t carried, const double *point, const double *direction,
                                   double *row)
{
    const double turn_x = (point[1] * direction[2]) - (point[2] * direction[1]);
    const double turn_y = (point[2] * direction[0]) - (point[0] * direction[2]);
    const double turn_z = (point[0] * direction[1]) - (point[1] * direction[0]);
    for (uint32_t j = 0u; j < joints; ++j) {
        const double shifted =
            ((direction[0] * linear[j]) + (direction[1] * linear[joints + j])) +
            (direction[2] * linear[(2u * joints) + j]);
        const double turned = ((turn_x * angular[j]) + (turn_y * angular[joints + j])) +
                              (turn_z * angular[(2u * joints) + j]);
        row[j] = shifted + turned;
    }
    for (uint32_t j = carried; j < joints; ++j) {
        row[j] = 0.0;
    }
}

#endif /* ROBOT_RUNTIME_H */
