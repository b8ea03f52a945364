/* How a joint comes to a stop whose acceleration may only change so fast, and the commands that
 * leave it a way to one. The meaning is in Python, safety/jerk.py. Included by guard_filter.c. */

#ifndef GUARD_PLAN_H
#define GUARD_PLAN_H

#define PLAN_TIMES 8u /* how often the way from what brakes to what is wished is halved */
#define PLAN_MOST_PERIODS 1e9
#define PLAN_CREEP 0x1p-48
#define PLAN_SETTLED 1e-9
#define PLAN_TWELFTH (1.0 / 12.0)

/* Where a plan leads, from where the joint is, and the speeds on the way; or what a way may use. */
typedef struct plan_way {
    double lowest;
    double highest;
    double slowest;
    double fastest;
} plan_way;

/* Where a plan has got to behind each of its parts. */
typedef struct plan_marks {
    double command; /* behind the first ramp */
    double ramped;
    double pace;
    double held;
    double last_pace;
    double end;
} plan_marks;

static double plan_periods(const filter_plan *plan)
{
    return (plan->first + plan->hold) + plan->last;
}

/* The next whole number, between 0 and PLAN_MOST_PERIODS. */
static double plan_whole(double count)
{
    if (!(count > 0.0)) {
        return 0.0;
    }
    if (!(count < PLAN_MOST_PERIODS)) {
        return PLAN_MOST_PERIODS;
    }
    const double floored = (double)(int64_t)count;
    return (floored < count) ? (floored + 1.0) : floored;
}

/* The plan from this state; see plan_sound for whether it can be followed. */
static void plan_make(const filter_drive *drive, double speed, double begin, filter_plan *plan)
{
    const double ramp = drive->ramp;
    const double middle = (speed / drive->period) - (0.5 * begin);
    double sign =
        ((middle + ((begin * fabs(begin)) / (2.0 * ramp))) >= 0.0) ? 1.0 : -1.0;
    double w = sign * middle;
    double b = sign * begin;
    const double most = (sign > 0.0) ? drive->slowing_down : drive->slowing_up;
    const double square = (ramp * w) + (0.5 * (b * b));
    double peak = sqrt((square > 0.0) ? square : 0.0);
    double hold = 0.0;
    if (peak > most) {
        peak = most;
        hold = plan_whole(((w + ((0.5 * (b * b)) / ramp)) - ((most * most) / ramp)) / most);
    }
    double first = plan_whole((b + peak) / ramp);
    double last = plan_whole(peak / ramp);
    first = (first > 1.0) ? first : 1.0;
    last = (last > 1.0) ? last : 1.0;
    double total = w + (0.5 * (b * first));
    peak = total / ((0.5 * (first + last)) + hold);
    if ((b < 0.0) && !(-(b + peak) <= (first * ramp))) {
        sign = -sign;
        w = -w;
        b = -b;
        hold = 0.0;
        last = 1.0;
        first = plan_whole((-2.0 * w) / b);
        total = w + (0.5 * (b * first));
        peak = total / (0.5 * (first + last));
    } else if ((peak > most) || (peak > (last * ramp))) {
        const double longer = plan_whole((2.0 * ((total / most) - hold)) - first);
        last = (longer > (last + 1.0)) ? longer : (last + 1.0);
        peak = total / ((0.5 * (first + last)) + hold);
    }
    plan->begin = begin;
    plan->peak = -(sign * peak);
    plan->first = first;
    plan->hold = hold;
    plan->last = last;
    plan->rise = (plan->peak - begin) / first;
    plan->fall = 0.0 - (plan->peak / last);
}

/* Whether every command of the plan lies in the box, and no step of it is too large. */
static bool plan_sound(const filter_drive *drive, const filter_plan *plan)
{
    const double size = fabs(plan->peak);
    const double change = fabs(plan->peak - plan->begin);
    const double most = (plan->peak < 0.0) ? drive->slowing_down : drive->slowing_up;
    return (size <= most) && (change <= (plan->first * drive->ramp)) &&
           (size <= (plan->last * drive->ramp)) && (plan_periods(plan) < PLAN_MOST_PERIODS);
}

/* The first command of the plan; 0 behind its end. */
static double plan_command(const filter_plan *plan)
{
    if (plan->first > 0.0) {
        return plan->begin + plan->rise;
    }
    if (plan->hold > 0.0) {
        return plan->peak;
    }
    return (plan->last > 1.0) ? (plan->begin + plan->fall) : 0.0;
}

/* What is left of the plan after its first command. */
static void plan_shorten(filter_plan *plan, double command)
{
    plan->begin = command;
    if (plan->first > 0.0) {
        plan->first -= 1.0;
    } else if (plan->hold > 0.0) {
        plan->hold -= 1.0;
    } else {
        plan->last = (plan->last > 1.0) ? (plan->last - 1.0) : 0.0;
    }
}

/* The way under commands that change by equal steps. */
static double plan_ramped(double time, double speed, double command, double step, double count)
{
    const double cubes = ((count * (count + 1.0)) * ((2.0 * count) + 1.0)) * PLAN_TWELFTH;
    return time * ((count * speed) + (time * (((0.5 * command) * (count * count)) + (step * cubes))));
}

/* Where the joint is behind the first ramp, the hold and the last ramp, and how fast. */
static void plan_mark(const filter_drive *drive, const filter_plan *plan, double speed,
                      plan_marks *marks)
{
    const double time = drive->period;
    double count = plan->first;
    double pace = speed;
    double way = 0.0;
    marks->command = plan->begin;
    if (count > 0.0) {
        way = plan_ramped(time, pace, plan->begin, plan->rise, count);
        pace = pace + (time * ((plan->begin * count) +
                               ((0.5 * plan->rise) * (count * (count + 1.0)))));
        marks->command = plan->peak;
    }
    marks->ramped = way;
    marks->pace = pace;
    count = plan->hold;
    if (count > 0.0) {
        way = way + ((time * count) * (pace + ((0.5 * time) * (marks->command * count))));
        pace = pace + (time * (marks->command * count));
    }
    marks->held = way;
    marks->last_pace = pace;
    count = plan->last;
    if (count > 0.0) {
        way = way + plan_ramped(time, pace, marks->command, plan->fall, count);
    }
    marks->end = way;
}

#if (FILTER_LINES > 0) || FILTER_SWITCH

/* How far the joint gets within so many periods of the plan. */
static double plan_moved(const filter_drive *drive, const filter_plan *plan, double speed,
                         const plan_marks *marks, double periods)
{
    const double time = drive->period;
    if (periods >= plan_periods(plan)) {
        return marks->end;
    }
    if (periods <= plan->first) {
        return (periods > 0.0) ? plan_ramped(time, speed, plan->begin, plan->rise, periods) : 0.0;
    }
    const double held = periods - plan->first;
    if (held <= plan->hold) {
        return marks->ramped + ((time * held) *
                                (marks->pace + ((0.5 * time) * (marks->command * held))));
    }
    const double left = held - plan->hold;
    return marks->held + plan_ramped(time, marks->last_pace, marks->command, plan->fall, left);
}

#endif /* (FILTER_LINES > 0) || FILTER_SWITCH */

static void plan_leads_to(const filter_drive *drive, const filter_plan *plan, double speed,
                          double end, plan_way *way)
{
    way->lowest = (end < 0.0) ? end : 0.0;
    way->highest = (end < 0.0) ? 0.0 : end;
    way->slowest = (speed < 0.0) ? speed : 0.0;
    way->fastest = (speed < 0.0) ? 0.0 : speed;
    if (((plan->begin * plan->rise) < 0.0) && ((plan->begin * plan->peak) <= 0.0) &&
        (plan->first > 0.0)) {
        const double size = fabs(plan->rise);
        const double count = fabs(plan->begin) / size;
        double rise = ((0.5 * drive->period) * size) * ((count - 0.5) * (count - 0.5));
        rise = (count > 0.5) ? rise : 0.0;
        const double back = (0.5 * drive->period) * (fabs(speed) * count);
        if (plan->begin > 0.0) {
            way->fastest = ((speed + rise) > way->fastest) ? (speed + rise) : way->fastest;
            way->lowest = (speed < 0.0) ? (way->lowest - back) : way->lowest;
        } else {
            way->slowest = ((speed - rise) < way->slowest) ? (speed - rise) : way->slowest;
            way->highest = (speed > 0.0) ? (way->highest + back) : way->highest;
        }
    }
}

static void plan_leads(const filter_drive *drive, const filter_plan *plan, double speed,
                       plan_way *way)
{
    plan_marks marks;
    plan_mark(drive, plan, speed, &marks);
    plan_leads_to(drive, plan, speed, marks.end, way);
}

/* What a way may use: the limits, or what braking now uses where that is more. */
static void plan_room(const filter_drive *drive, const filter_plan *plan, double position,
                      double speed, plan_way *room)
{
    plan_way way;
    plan_leads(drive, plan, speed, &way);
    double low = position + way.lowest;
    double high = position + way.highest;
    low = low + (PLAN_CREEP * (1.0 + fabs(low)));
    high = high - (PLAN_CREEP * (1.0 + fabs(high)));
    const double slow = way.slowest + (PLAN_CREEP * fabs(way.slowest));
    const double fast = way.fastest - (PLAN_CREEP * fabs(way.fastest));
    room->lowest = (low < drive->lower) ? low : drive->lower;
    room->highest = (high > drive->upper) ? high : drive->upper;
    room->slowest = (slow < drive->speed_lower) ? slow : drive->speed_lower;
    room->fastest = (fast > drive->speed_upper) ? fast : drive->speed_upper;
}

/* Whether this command leads to where a plan fits; the plan. */
static bool plan_led(const filter_drive *drive, const plan_way *room, double command,
                     double position, double speed, filter_plan *plan)
{
    plan_way way;
    const double following = filter_next_speed(drive, speed, command);
    const double there = filter_next_position(drive, position, speed, following);
    plan_make(drive, following, command, plan);
    if (!plan_sound(drive, plan)) {
        return false;
    }
    plan_leads(drive, plan, following, &way);
    return ((there + way.highest) <= room->highest) && ((there + way.lowest) >= room->lowest) &&
           (way.fastest <= room->fastest) && (way.slowest >= room->slowest);
}

static double plan_furthest(const filter_drive *drive, const plan_way *room, double brake,
                            double end, double position, double speed)
{
    filter_plan plan;
    if ((end == brake) || plan_led(drive, room, end, position, speed, &plan)) {
        return end;
    }
    double near = brake;
    double far = end;
    for (uint32_t k = 0u; k < PLAN_TIMES; ++k) {
        const double middle = 0.5 * (near + far);
        if (plan_led(drive, room, middle, position, speed, &plan)) {
            near = middle;
        } else {
            far = middle;
        }
    }
    return near;
}

/* The commands that may be sent after this one. */
static void plan_box(const filter_drive *drive, double latest, double *lowest, double *highest)
{
    const double low = latest - drive->swing;
    const double high = latest + drive->swing;
    *lowest = (low > drive->box_lower) ? low : drive->box_lower;
    *highest = (high < drive->box_upper) ? high : drive->box_upper;
}

/* Whether no limit is near whatever is asked for. */
static bool plan_far(const filter_drive *drive, double position, double speed)
{
    const double below = -drive->box_lower;
    const double least = (below < drive->box_upper) ? below : drive->box_upper;
    const double most = (below > drive->box_upper) ? below : drive->box_upper;
    const double back = (most / drive->ramp) + 3.0;
    const double fast = fabs(speed) + (drive->period * (most * ((0.5 * back) + 1.0)));
    const double way = fast * (((0.5 * fast) / least) + (2.0 * (drive->period * back)));
    return (drive->gain <= 0.0) && ((drive->lower + way) <= position) &&
           (position <= (drive->upper - way)) && ((drive->speed_lower + fast) <= 0.0) &&
           (fast <= drive->speed_upper);
}

/* The commands that leave a way to stop, what brakes among them. */
static void plan_choose(const filter_drive *drive, const filter_plan *plan, double position,
                        double speed, plan_way *room, double *low, double *brake, double *high)
{
    double least = 0.0;
    double most = 0.0;
    const bool roomy = plan_far(drive, position, speed);
    if (roomy) {
        room->lowest = drive->lower;
        room->highest = drive->upper;
        room->slowest = drive->speed_lower;
        room->fastest = drive->speed_upper;
    } else {
        plan_room(drive, plan, position, speed, room);
    }
    plan_box(drive, plan->begin, &least, &most);
    *brake = guard_clamp(plan_command(plan), least, most);
    const double above = drive->gain * ((drive->upper - position) - (drive->behind * speed));
    const double below = drive->gain * ((position - drive->lower) + (drive->behind * speed));
    double fast = filter_shared(drive->speed_upper, speed, drive->share);
    double slow = -filter_shared(-drive->speed_lower, -speed, drive->share);
    fast = ((drive->gain > 0.0) && (above < fast)) ? above : fast;
    slow = ((drive->gain > 0.0) && (-below > slow)) ? -below : slow;
    const double highest = guard_clamp((fast - speed) / drive->period, *brake, most);
    const double lowest = guard_clamp((slow - speed) / drive->period, least, *brake);
    *low = lowest;
    *high = highest;
    if (!roomy) {
        *low = plan_furthest(drive, room, *brake, lowest, position, speed);
        *high = plan_furthest(drive, room, *brake, highest, position, speed);
    }
}

/* Keeps the plan that was accepted, unless it is over or the joint was moved by something else. */
static void plan_resume(const filter_drive *drive, filter_plan *plan, double foreseen, double speed,
                        double latest)
{
    if (!((plan_periods(plan) > 0.0) && (fabs(speed - foreseen) <= PLAN_SETTLED))) {
        plan_make(drive, speed, latest, plan);
    }
}

/* The command that brakes; leaves what is left of the plan then. */
static double plan_step(const filter_drive *drive, filter_plan *plan)
{
    double low = 0.0;
    double high = 0.0;
    const double wanted = plan_command(plan);
    plan_box(drive, plan->begin, &low, &high);
    const double command = guard_clamp(wanted, low, high);
    plan_shorten(plan, command);
    if (command != wanted) {
        plan->peak = 0.0;
        plan->first = 0.0;
        plan->hold = 0.0;
        plan->last = 0.0;
        plan->rise = 0.0;
        plan->fall = 0.0;
    }
    return command;
}

#endif /* GUARD_PLAN_H */
