"""A Panda in MuJoCo between a policy that ignores everything and the compiled guard.

    uv run --extra simulation python examples/guarded_arm/simulate.py [OUT]

The chain of pick_and_place.contract is proved, its bundle emitted and compiled, and the bundle
then stands between the policy and the simulated motors at 1 kHz. The policy knows where to go and
nothing else: it steers straight at its next waypoint, through the globe if that is on the way, with
commands far beyond the arm's limits, noise on top, and now and then NaN or infinity. A person comes
near while the cup is carried. Distances are measured by MuJoCo, which shares no code with the
guard. Written to OUT (this folder): barriers.svg, each h(t); strip.svg, the motion; figures.txt.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from verifier.cli import main as verify_chain
from verifier.emit.binding import Compiled, compiler, loaded
from verifier.emit.reference import Sample
from verifier.pipeline_emit import design_for
from verifier.source import chosen, settled

HERE = Path(__file__).parent
CHAIN = "PickAndPlace"
PERIOD_S = 0.001
MOST_STEPS = 40_000
HOME = (0.0, -0.6, 0.0, -2.2, 0.0, 1.7, 0.8)
CUP, TRAY = (0.55, -0.35, 0.18), (0.55, 0.35, 0.18)
LEAST = {"table": 0.01, "globe": 0.02, "lamp": 0.02}  # what the barriers of cell.spec keep, in m
BAD = (np.nan, np.inf, -np.inf)
LARGEST = 7.5  # rad/s^2, the box of the input
DEVIATION = 0.05  # rad/s^2, the box of the disturbance


# ---- the world ---------------------------------------------------------------------------------


@dataclass
class World:
    """The arm and its surroundings in MuJoCo; `shapes` are the obstacles' geoms by name."""

    model: Any
    data: Any
    scratch: Any
    spheres: list[int]
    shapes: dict[str, int]
    hand: int


def world() -> World:
    """The Panda of specs/panda.urdf, driven by joint torques, with the obstacles of cell.spec."""
    urdf = (HERE.parent.parent / "specs" / "panda.urdf").read_text(encoding="utf-8")
    # MuJoCo asks for moments of inertia behind each mass, and the file gives none.
    urdf = re.sub(r"<inertial>.*?</inertial>", "", urdf, flags=re.DOTALL)
    spec = mujoco.MjSpec.from_string(urdf)
    spec.option.timestep = PERIOD_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_RK4
    spec.compiler.fusestatic = spec.compiler.discardvisual = False
    for geom in spec.geoms:
        geom.contype = geom.conaffinity = 0
    box, ball = mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_SPHERE
    ground = spec.worldbody
    still = {"contype": 0, "conaffinity": 0}
    ground.add_geom(name="table", type=box, size=[0.3, 0.6, 0.05], pos=[0.6, 0, -0.05], **still)
    ground.add_geom(name="globe", type=ball, size=[0.12, 0, 0], pos=[0.5, 0, 0.15], **still)
    ground.add_geom(name="lamp", type=ball, size=[0.1, 0, 0], pos=[0.45, 0, 0.95], **still)
    model = spec.compile()
    shapes = {name: model.geom(name).id for name in LEAST}
    spheres = [g for g in range(model.ngeom) if g not in shapes.values()]
    hand = model.body("panda_hand").id
    return World(model, mujoco.MjData(model), mujoco.MjData(model), spheres, shapes, hand)


def distances(here: World) -> dict[str, float]:
    """How far the arm is from each obstacle beyond what it must keep, in m."""
    found = {}
    for name, shape in here.shapes.items():
        nearest = min(
            mujoco.mj_geomDistance(here.model, here.data, sphere, shape, 2.0, None)
            for sphere in here.spheres
        )
        found[name] = nearest - LEAST[name]
    return found


def accelerate(here: World, acceleration: np.ndarray) -> None:
    """One period under the torques that give this acceleration in its middle."""
    model, data, middle = here.model, here.data, here.scratch
    middle.qvel[:] = data.qvel + acceleration * PERIOD_S / 2
    middle.qpos[:] = data.qpos + (data.qvel + middle.qvel) * PERIOD_S / 4
    mujoco.mj_forward(model, middle)
    torque = np.zeros(model.nv)
    mujoco.mj_mulM(model, middle, torque, acceleration)
    data.qfrc_applied[:] = torque + middle.qfrc_bias - middle.qfrc_passive
    mujoco.mj_step(model, data)
    mujoco.mj_forward(model, data)


# ---- the policy --------------------------------------------------------------------------------


def posture(here: World, place: tuple[float, float, float]) -> np.ndarray:
    """Joint positions with the hand at the place, pointing down: damped least squares."""
    data = mujoco.MjData(here.model)
    data.qpos[:] = HOME
    data.qpos[0] = np.arctan2(place[1], place[0])
    linear, angular = np.zeros((3, here.model.nv)), np.zeros((3, here.model.nv))
    lower, upper = here.model.jnt_range.T
    for _ in range(500):
        mujoco.mj_forward(here.model, data)
        down = data.xmat[here.hand].reshape(3, 3)[:, 2]
        error = np.concatenate([place - data.xpos[here.hand], np.cross(down, [0, 0, -1])])
        mujoco.mj_jacBody(here.model, data, linear, angular, here.hand)
        jacobian = np.vstack([linear, angular])
        step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + 1e-3 * np.eye(6), error)
        data.qpos[:] = np.clip(data.qpos + 0.3 * step, lower + 0.05, upper - 0.05)
    return data.qpos.copy()


def proposals(rng: np.random.Generator) -> Iterator[str]:
    """What kind of mischief each step brings."""
    while True:
        kind = rng.choice(["plain", "noise", "bang", "bad"], p=[0.6, 0.25, 0.1, 0.05])
        for _ in range(int(rng.integers(5, 60)) if kind != "bad" else 1):
            yield str(kind)


def proposed(here: World, goal: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Straight at the goal with high gains, and what the policy adds to it; rad/s^2."""
    wish = 100 * (goal - here.data.qpos) - 15 * here.data.qvel
    match kind:
        case "noise":
            return wish + rng.normal(0, 75, 7)
        case "bang":
            return 750 * np.sign(wish)
        case "bad":
            wish[rng.integers(7)] = rng.choice(BAD)
    return wish


# ---- the loop ----------------------------------------------------------------------------------


@dataclass
class Log:
    """What happened: a row a period, and frames for the picture."""

    times: list[float] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)
    frames: list[tuple[float, str, np.ndarray]] = field(default_factory=list)
    decisions: dict[str, int] = field(default_factory=dict)
    skills: list[tuple[float, str]] = field(default_factory=list)
    near: list[tuple[float, float]] = field(default_factory=list)
    deviation: float = 0.0
    outputs_not_finite: int = 0
    outputs_outside: int = 0


class Run:
    """One pass through the chain."""

    def __init__(self, guard: Compiled | None, seed: int) -> None:
        self.guard, self.here = guard, world()
        self.rng = np.random.default_rng(seed)
        self.kinds = proposals(self.rng)
        self.log = Log()
        self.step = 0
        self.skill = ""
        self.here.data.qpos[:] = HOME
        mujoco.mj_forward(self.here.model, self.here.data)
        self.cup = np.array(CUP)
        self.held = self.placed = self.near = False
        self.radii = self.here.model.geom_size[self.here.spheres, 0]

    def sample(self) -> Sample:
        """What the sensors say."""
        data = self.here.data
        values: dict[str, float | int] = {}
        for j in range(7):
            values[f"q[{j + 1}]"] = float(data.qpos[j])
            values[f"v[{j + 1}]"] = float(data.qvel[j])
        vectors = {"ee": data.xpos[self.here.hand], "pose[cup]": self.cup, "pose[tray]": TRAY}
        for name, vector in vectors.items():
            values |= {f"{name}.{axis}": float(x) for axis, x in zip("xyz", vector, strict=True)}
        moving = bool(np.abs(data.qvel).max() > 0.02)
        values |= {
            "gripper": int(self.held),
            "holding[cup]": int(self.held),
            "holding[tray]": 0,
            "placed[cup]": int(self.placed),
            "placed[tray]": 0,
            "human_near": int(self.near),
            "arm_moving": int(moving),
        }
        return Sample(self.step * 1_000_000, values)

    def period(self, goal: np.ndarray) -> None:
        """One period of the loop."""
        wish = proposed(self.here, goal, next(self.kinds), self.rng)
        command = self.passed(wish)
        self.log.outputs_not_finite += not np.isfinite(command).all()
        self.log.outputs_outside += bool((np.abs(command) > LARGEST).any())
        before = self.here.data.qvel.copy()
        accelerate(self.here, command)
        error = np.abs((self.here.data.qvel - before) / PERIOD_S - command).max()
        self.log.deviation = max(self.log.deviation, float(error))
        if self.held:
            self.cup = self.here.data.xpos[self.here.hand].copy()
        self.step += 1
        self.note()

    def passed(self, wish: np.ndarray) -> np.ndarray:
        """What becomes of a command; without a guard it is cut to the box, and a bad one to 0."""
        if self.guard is None:
            return np.clip(np.nan_to_num(wish, posinf=0, neginf=0), -LARGEST, LARGEST)
        outcome, out = self.guard.step(self.sample(), tuple(map(float, wish)))
        count = self.log.decisions
        count[outcome.decision] = count.get(outcome.decision, 0) + 1
        return np.array(out)

    def note(self) -> None:
        data, model = self.here.data, self.here.model
        now = self.step * PERIOD_S
        lower, upper = model.jnt_range.T
        h = distances(self.here)
        h["position"] = float(min((data.qpos - lower).min(), (upper - data.qpos).min()))
        speed = np.array([2.175] * 4 + [2.61] * 3)
        h["speed"] = float((speed - np.abs(data.qvel)).min())
        self.log.times.append(now)
        for name, value in h.items():
            self.log.values.setdefault(name, []).append(value)
        if self.step % 400 == 1:
            self.log.frames.append((now, self.skill, data.geom_xpos[self.here.spheres].copy()))

    def until(self, call: str, place: tuple[float, float, float]) -> None:
        """One skill that moves: from its entry gate through its exit gate."""
        self.skill = call
        self._enter(call)
        goal, arrived = posture(self.here, place), 0
        while arrived < 100:
            if self.step >= MOST_STEPS:
                raise SystemExit(f"{call} does not arrive: {self.here.data.qpos}")
            carried = call.startswith("Carry")
            begun = self.log.skills[-1][0] if self.log.skills else 0.0
            now = self.step * PERIOD_S
            was, self.near = self.near, carried and 0.6 <= now - begun < 1.6
            if self.near and not was:
                self.log.near.append((now, now + 1.0))
            if was and not self.near:  # the person has left, and somebody acknowledges it
                self._enter(call, again=True)
            self.period(goal)
            off = np.linalg.norm(self.here.data.xpos[self.here.hand] - place)
            arrived = arrived + 1 if off < 0.02 else 0
        self._leave(call)

    def hand(self, call: str, held: bool) -> None:
        """One skill of the gripper: the arm stands still."""
        self.skill = call
        self._enter(call)
        goal = self.here.data.qpos.copy()
        for number in range(400):
            if number == 200:
                self.held, self.placed = held, not held
            self.period(goal)
        self._leave(call)

    def chain(self) -> Log:
        """The whole chain, step by step."""
        self.until("Reach(cup)", CUP)
        self.hand("Grasp(cup)", held=True)
        self.until("Carry(cup, tray)", TRAY)
        self.hand("Release(cup, tray)", held=False)
        return self.log

    def _enter(self, call: str, again: bool = False) -> None:
        if not again:
            self.log.skills.append((self.step * PERIOD_S, call))
        if self.guard is None:
            return
        if again:
            self.guard.init()
        status = self.guard.enter(call, self.sample())
        if status != "OK":
            raise SystemExit(f"the entry gate of {call} says {status}")

    def _leave(self, call: str) -> None:
        status = "OK" if self.guard is None else self.guard.leave(self.sample())
        if status != "OK":
            raise SystemExit(f"the exit gate of {call} says {status}")


def guarded(folder: Path) -> Compiled:
    """The chain and its plant proved, their bundle emitted, compiled and set up."""
    text = str(HERE / "pick_and_place.contract")
    order = ["emit", text, "--chain", CHAIN, "--target", "host", "-o", str(folder / "bundle")]
    if verify_chain(order) != 0:
        raise SystemExit(f"there is no bundle of {CHAIN}")
    source = settled(text)
    (chain,) = chosen(source, [CHAIN])
    bundle = {path.name: path.read_bytes() for path in (folder / "bundle").iterdir()}
    guard = loaded(design_for(source.model, chain), bundle, folder, compiler())
    guard.init()
    return guard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, default=HERE)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="verify-chain-") as folder:
        run = Run(guarded(Path(folder)), options.seed)
        run.chain()
    told = figures(run.log, Run(None, options.seed).chain())
    sys.stdout.write(told)
    (options.out / "figures.txt").write_text(told, encoding="utf-8")
    draw_barriers(run.log, options.out / "barriers.svg")
    draw_strip(run, options.out / "strip.svg")


def figures(log: Log, bare: Log) -> str:
    """What the run showed, as text; `bare` is the same policy without a guard."""
    decisions = ", ".join(f"{n:,} {name}" for name, n in sorted(log.decisions.items()))
    lines = [
        f"{len(log.times):,} periods of 1 ms; {decisions}",
        f"commands not finite: {log.outputs_not_finite}; outside of the box: {log.outputs_outside}",
        f"largest deviation from the plant: {log.deviation:.4f} rad/s^2, {DEVIATION} declared",
        f"{'least h':<10}{'guarded':>12}{'without':>12}",
    ]
    for name, values in log.values.items():
        lines.append(f"{name:<10}{min(values):>+12.6f}{min(bare.values[name]):>+12.6f}")
    return "\n".join(lines) + "\n"


# ---- pictures ----------------------------------------------------------------------------------


def draw_barriers(log: Log, path: Path) -> None:
    """Each barrier over time, with the skills, and the time in which a person is near."""
    from matplotlib.figure import Figure

    picture = Figure(figsize=(9, 1.4 * len(log.values)), layout="constrained")
    axes = picture.subplots(len(log.values), 1, sharex=True)
    units = {"position": "rad", "speed": "rad/s"}
    for axis, (name, values) in zip(axes, log.values.items(), strict=True):
        axis.plot(log.times[::5], values[::5], linewidth=0.8)
        axis.axhline(0, color="firebrick", linewidth=0.8)
        axis.set_ylabel(f"{name}\n[{units.get(name, 'm')}]", fontsize=8)
        for begin, end in log.near:
            axis.axvspan(begin, end, color="orange", alpha=0.3)
        for begin, _ in log.skills:
            axis.axvline(begin, color="gray", linewidth=0.6, linestyle=":")
    for begin, call in log.skills:
        axes[0].annotate(call, (begin, 1.0), xycoords=("data", "axes fraction"), fontsize=7)
    axes[0].set_title("h(t) of every barrier; orange: a person is near", fontsize=9, pad=14)
    axes[-1].set_xlabel("time [s]")
    picture.savefig(path, metadata={"Date": None})


def draw_strip(run: Run, path: Path) -> None:
    """The arm's spheres from above and from the side, in a few moments."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle, Rectangle

    frames = run.log.frames
    shown = [frames[round(k * (len(frames) - 1) / 6)] for k in range(7)]
    picture = Figure(figsize=(14, 4.6), layout="constrained")
    axes = picture.subplots(2, len(shown))
    views = ((0, 1, "from above"), (1, 2, "from the front"))
    model, data = run.here.model, run.here.data
    for column, (time_s, call, centers) in enumerate(shown):
        axes[0][column].set_title(f"{time_s:.1f} s {call}", fontsize=8)
        for row, (across, up, _) in enumerate(views):
            axis = axes[row][column]
            for name, shape in run.here.shapes.items():
                middle, size = data.geom_xpos[shape], model.geom_size[shape]
                colour = {"table": "tan", "globe": "teal", "lamp": "gold"}[name]
                if name != "table":
                    axis.add_patch(Circle(middle[[across, up]], size[0], color=colour))
                else:
                    corner = middle[[across, up]] - size[[across, up]]
                    sides = 2 * size[[across, up]]
                    axis.add_patch(Rectangle(tuple(corner), *sides, color=colour))
            for center, radius in zip(centers, run.radii, strict=True):
                place = tuple(center[[across, up]])
                axis.add_patch(Circle(place, radius, color="steelblue", alpha=0.5))
            for place, mark in ((CUP, "rv"), (TRAY, "gs")):
                axis.plot(place[across], place[up], mark, markersize=4)
            axis.set_xlim((-0.35, 0.95) if across == 0 else (-0.75, 0.75))
            axis.set_ylim((-0.75, 0.75) if up == 1 else (-0.15, 1.1))
            axis.set_aspect("equal")
            axis.tick_params(labelsize=6)
    for row, (_, _, name) in enumerate(views):
        axes[row][0].set_ylabel(name, fontsize=8)
    picture.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
