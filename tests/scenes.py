"""Scenes whose answers are known from how they are made: a source with a chain `Move`, the exit
code of `repair`, and what has to be said of it."""

from __future__ import annotations

SPEED = "speed 1 m/s  acceleration 2 m/s^2"


def wall(gap: str, more: str, start: str = "p in box(lower = [1, 1], upper = [2, 5])") -> str:
    """A room of 8 m by 6 m with a wall that has a gap in its middle."""
    low, high = gap.split()
    return f"""state {{ p : real[2] m in box(lower = 0, upper = [8, 6]) }}
    obstacle south : real[2] m = box(lower = [4, -1], upper = [4.5, {low}])
    obstacle north : real[2] m = polygon(corners = [[4, {high}], [4.5, {high}], [4.5, 7], [4, 7]])
    motion p {{ {SPEED}  {more} }}
    chain Move {{ assume {start}  achieve p in box(lower = [6, 2], upper = [7, 4]) }}"""


def window(low: str, high: str) -> str:
    """A room with a window in its wall, and a rod that is 1 m high."""
    return f"""state {{ p : point in box(lower = 0, upper = [6, 4, 2]) }}
    obstacle sill = box(lower = [3, -1, -1], upper = [3.2, 5, {low}])
    obstacle beam = box(lower = [3, -1, {high}], upper = [3.2, 5, 4])
    motion p {{ {SPEED}  body capsule(from = [0, 0, 0], to = [0, 0, 1], radius = 5 cm) }}
    chain Move {{ assume p in box(lower = [1, 1, 0.1], upper = [2, 2, 0.3])
                 achieve p in box(lower = [4.5, 1, 0], upper = [5.5, 3, 1]) }}"""


def joints(count: int, time: str) -> str:
    """As many joints, from 0 to 1 rad: at 2 rad/s and 10 rad/s^2 this takes 0.7 s at least, and a
    tenth less as both sets are as wide as that."""
    return f"""state {{ q : real[{count}] rad in box(lower = -2, upper = 2) }}
    motion q {{ speed 2 rad/s  acceleration 10 rad/s^2 }}
    chain Move {{ assume q in box(lower = -0.1, upper = 0.1)
                 achieve q in box(lower = 0.9, upper = 1.1)  within {time} }}"""


def rooms(first: str, second: str, time: str = "60 s") -> str:
    """Two rooms of four coordinates as zones, from 0 to `first` and from `second` to 4."""
    return f"""state {{ q : real[4] m in box(lower = 0, upper = 4) }}
    zone one : real[4] m = box(lower = 0, upper = [{first}, 4, 4, 4])
    zone two : real[4] m = box(lower = [{second}, 0, 0, 0], upper = 4)
    motion q {{ {SPEED}  inside one, two }}
    chain Move {{ assume q in box(lower = 0.5, upper = 1)
                 achieve q in box(lower = 3, upper = 3.5)  within {time} }}"""


POCKET = """[[2, 2], [6, 2], [6, 2.3], [2.3, 2.3], [2.3, 4.7], [6, 4.7], [6, 5], [2, 5]]"""


def pocket(lid: str) -> str:
    """A start in a pocket that opens to the right, and an end on its left."""
    return f"""state {{ p : real[2] m in box(lower = 0, upper = [8, 7]) }}
    obstacle cup : real[2] m = polygon(corners = {POCKET})
    {lid}
    motion p {{ {SPEED} }}
    chain Move {{ assume p in box(lower = [3, 3], upper = [4, 4])
                 achieve p in box(lower = [0.5, 3], upper = [1, 4]) }}"""


LID = "obstacle lid : real[2] m = box(lower = [5.8, 2.1], upper = [6.1, 4.9])"
POST = "obstacle post = ball(center = [3, 2, 1], radius = {radius})"


def post(radius: str, start: str, more: str = "") -> str:
    """A post with a ball in a room, and what is known of the start."""
    return f"""state {{ p : point in box(lower = 0, upper = [6, 4, 2])  v : real[3] m/s }}
    {POST.format(radius=radius)}
    motion p {{ {SPEED}  {more} }}
    chain Move {{ assume {start}
                 achieve p in box(lower = [4.5, 1, 0.5], upper = [5.5, 3, 1.5]) }}"""


NEAR = "p in box(lower = [0.5, 1.5, 0.5], upper = [1, 2.5, 1.5])"
LOCKED = """state { p : real[2] m in box(lower = 0, upper = 5)  powered, done : bool }
motion p { speed 1 m/s  acceleration 2 m/s^2 }
skill Press { requires powered  initial p in box(lower = 4, upper = 5)  ensures done }
SKILL
chain Move { assume p in box(lower = 0, upper = 1)  Press()  achieve done }"""
CLOSED = "no transition serves every start: no path leads from"


def line(start: str, end: str, limits: str, state: str = "p : real m in -10 .. 20") -> str:
    """One axis."""
    return f"""state {{ {state} }}
    motion p {{ {limits} }}
    chain Move {{ assume {start}  achieve {end} }}"""


def around_a_wall(end: str) -> str:
    """A room with a wall that leaves a way below it."""
    return f"""state {{ p : real[2] m in box(lower = 0, upper = [10, 6]) }}
    obstacle wall : real[2] m = box(lower = [4, 1], upper = [4.2, 7])
    motion p {{ {SPEED} }}
    chain Move {{ assume p in box(lower = [1, 1], upper = [2, 5])  achieve {end} }}"""


MOVING = "p : real m in 0 .. 20  v : real m/s in -2 .. 2"
TWO_ZONES = """state { p : real[2] m in box(lower = 0, upper = 10) }
zone west : real[2] m = box(lower = 0, upper = [5, 4])
zone east : real[2] m = box(lower = [4, 2], upper = [10, 9])
obstacle low  : real[2] m = box(lower = [2.5, -1], upper = [3, 3])
obstacle high : real[2] m = box(lower = [6, 3], upper = [7, 10])
motion p { speed 1 m/s  acceleration 2 m/s^2  inside west, east }
chain Move { assume p in box(lower = 1, upper = 2)
             achieve p in box(lower = [8, 5], upper = [9, 6]) }"""
TWO_PLACES = """state { p : real[2] m in box(lower = 0, upper = [10, 6])  held, done : bool }
motion p { speed 1 m/s  acceleration 2 m/s^2 }
skill Get { initial p in box(lower = [8, 2], upper = [9, 3])  ensures held }
skill Put { requires held  initial p in box(lower = [1, 4], upper = [2, 5])  ensures done }
chain Move { assume p in box(lower = [1, 1], upper = [2, 5])  achieve done }"""
ALONG_AN_EDGE = """state { p : real[2] m in box(lower = 0, upper = [10, 6])
    v : real[2] m/s in box(lower = -1, upper = 1) }
obstacle wall : real[2] m = box(lower = [4, 1], upper = [4.2, 7])
motion p { speed 1 m/s  acceleration 2 m/s^2  velocity v }
chain Move { assume p in box(lower = [1, 1], upper = [2, 5]) and v in box(lower = -0.5, upper = 0.5)
             achieve p in box(lower = [8, 2], upper = [9, 4]) and v == [0, 0] }"""

SCENES: dict[str, tuple[str, int, str]] = {
    "gap-for-a-ball": (wall("2.7 3.3", "body ball(radius = 25 cm)"), 0, ""),
    "gap-too-small-for-a-ball": (wall("2.7 3.3", "body ball(radius = 31 cm)"), 1, CLOSED),
    "gap-too-small-for-a-clearance": (wall("2.7 3.3", "clearance 30.1 cm"), 1, CLOSED),
    "gap-that-is-closed": (wall("3 3", ""), 1, CLOSED),
    "union-behind-a-gap": (
        wall(
            "2.7 3.3",
            "",
            "p in box(lower = 1, upper = 2) or p in box(lower = [3, 4], upper = [3.5, 5])",
        ),
        0,
        "if p in box(lower = 1, upper = 2) { ToGoal() } else { ToGoal2() }",
    ),
    "window-for-a-rod": (window("0.4", "1.7"), 0, ""),
    "window-too-low-for-a-rod": (window("0.4", "1.3"), 1, CLOSED),
    "five-joints-in-time": (joints(5, "0.71 s"), 0, ""),
    "five-joints-too-late": (joints(5, "0.69 s"), 1, "is too long in the 0.69 s"),
    "seven-joints-too-late": (joints(7, "0.5 s"), 1, "is too long in the 0.5 s"),
    "rooms-that-touch": (rooms("2", "2"), 0, ""),
    "rooms-apart": (rooms("1.9", "2.1"), 1, CLOSED),
    "rooms-in-too-short-a-time": (rooms("2", "2", "2.9 s"), 1, "is too long in the 2.9 s"),
    "out-of-a-pocket": (pocket(""), 0, ""),
    "out-of-a-closed-pocket": (pocket(LID), 1, CLOSED),
    "around-a-ball": (post("50 cm", NEAR), 0, ""),
    "starts-in-a-ball": (
        post("50 cm", "p in box(lower = [0.5, 1.5, 0.5], upper = [2.7, 2.5, 1.5])"),
        1,
        "is a start that lies in an obstacle",
    ),
    "moving-around-a-ball": (
        post("50 cm", f"{NEAR} and v in box(lower = -0.2, upper = 0.2)", "velocity v"),
        0,
        "ensures v == [0, 0, 0]",
    ),
    "moving-too-fast": (
        post("50 cm", f"{NEAR} and v in box(lower = [-1, 0, -1], upper = 0)", "velocity v").replace(
            "acceleration 2 m/s^2", "acceleration 0.5 m/s^2"
        ),
        1,
        "it cannot stop along `p.x`",
    ),
    "end-outside-of-the-room": (
        post("50 cm", NEAR).replace(
            "lower = [4.5, 1, 0.5], upper = [5.5, 3, 1.5]", "lower = [6.5, 1, 0.5], upper = 7"
        ),
        1,
        "no point of what is needed lies in the domain",
    ),
    "a-skill-is-missing": (LOCKED.replace("SKILL", ""), 1, "nothing brings about `powered`"),
    "a-skill-is-there": (LOCKED.replace("SKILL", "skill Plug { ensures powered }"), 0, "Plug()"),
    "exactly-as-long-as-allowed": (  # 1.5 m at 6 m/s^2: 1 s
        line("p in -0.5 .. 0", "p in 1 .. 2  within 1 s", "speed 10 m/s  acceleration 6 m/s^2"),
        0,
        "duration 1 s .. 1 s",
    ),
    "an-irrational-least-time": (  # 2 m at 4 m/s^2: the root of 2
        line("p in -1 .. 0", "p in 1 .. 2  within 1.4143 s", "speed 9 m/s  acceleration 4 m/s^2"),
        0,
        "",
    ),
    "just-below-an-irrational-least-time": (
        line("p in -1 .. 0", "p in 1 .. 2  within 1.4142 s", "speed 9 m/s  acceleration 4 m/s^2"),
        1,
        "is too long in the 1.414 s",
    ),
    "from-both-sides-into-a-point": (  # 4 m at 1 m/s^2: 4 s
        line("p in -3 .. 5", "p == 1  within 4 s", "speed 9 m/s  acceleration 1 m/s^2"),
        0,
        "duration 4 s .. 4 s",
    ),
    "an-end-at-the-edge-of-the-domain": (
        line("p in 0 .. 1", "p in 20 .. 22", "speed 9 m/s  acceleration 1 m/s^2"),
        0,
        "terminal p in 20 m .. 22 m",
    ),
    "brakes-just-before-a-wall": (  # half a metre from 1 m/s
        line(
            "p in 0.51 .. 1 and v in -1 .. 1",
            "p in 5 .. 6 and v == 0",
            "speed 2 m/s  acceleration 1 m/s^2  velocity v",
            MOVING,
        ),
        0,
        "ensures v == 0",
    ),
    "brakes-too-late-before-a-wall": (
        line(
            "p in 0.49 .. 1 and v in -1 .. 1",
            "p in 5 .. 6 and v == 0",
            "speed 2 m/s  acceleration 1 m/s^2  velocity v",
            MOVING,
        ),
        1,
        "it cannot stop along `p`",
    ),
    "brakes-at-the-corner-of-a-region": (ALONG_AN_EDGE, 0, "ensures v == [0, 0]"),
    "around-a-wall-into-a-point": (around_a_wall("p == [8, 3]"), 0, "terminal p == [8, 3]"),
    "around-a-wall-into-a-corner": (
        around_a_wall("p in box(lower = [10, 6], upper = [12, 8])"),
        0,
        "",
    ),
    "into-one-of-two-ends": (
        around_a_wall(
            "(p in box(lower = [10.5, 2], upper = 11) or p in box(lower = [2, 4], upper = [3, 5]))"
        ),
        0,
        "terminal p in box(lower = [2, 4], upper = [3, 5])",
    ),
    "zones-with-obstacles": (TWO_ZONES, 0, ""),
    "two-transitions": (TWO_PLACES, 0, "ToGet(); Get(); ToPut(); Put()"),
}
