"""Drake and OMPL on one problem of motion for one start, run by an interpreter that has them.

    PYTHON tests/benchmarks/planners.py

reads questions, one JSON object a line, and writes an answer a line. Question: `planner` (`gcs`,
`toppra` or `ompl`), `cells` and `edges` of free space, `obstacles` and `bounds` as rows, `start`,
`end` (rows of the end set) and `heart` (its middle), `speed` and `acceleration`. Answer: `cpu_s`,
`duration_s`, and `path`, points along the motion with their times; or `none` with the reason.

* gcs: shortest paths in graphs of convex sets (Marcucci et al., Science Robotics 8, 2023), cubic
  curves, speed limits alone.
* toppra: the same with C1 paths, then the fastest timing with both limits (Pham and Pham, IEEE
  Transactions on Robotics 34, 2018), at rest at both ends. This is the question that we answer.
* ompl: RRT-Connect and its simplifier. The polygon is driven with a stop at every corner.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

POINTS = 600
ROUNDED_PATHS = 5
OMPL_SECONDS = 10.0
OMPL_RESOLUTION = 0.002
"""Of the extent of space; walls in the mazes are 0.005 of it or thicker."""

Question = dict[str, Any]
Answer = dict[str, Any]


def polytope(body: Any) -> Any:
    from pydrake.geometry.optimization import HPolyhedron

    return HPolyhedron(np.array(body[0], float), np.array(body[1], float))


def sampled(trajectory: Any) -> list[list[float]]:
    begin, end = trajectory.start_time(), trajectory.end_time()
    times = np.linspace(begin, end, POINTS)
    return [[t - begin, *np.ravel(trajectory.value(t))] for t in times]


def gcs(question: Question, smooth: bool = False) -> Answer:
    from pydrake.geometry.optimization import GraphOfConvexSetsOptions, Point
    from pydrake.planning import GcsTrajectoryOptimization

    begun = time.process_time()
    speed = np.array(question["speed"])
    planner = GcsTrajectoryOptimization(len(speed))
    cells = [polytope(cell) for cell in question["cells"]]
    edges = [tuple(edge) for edge in question["edges"]]
    main = planner.AddRegions(cells, edges, 3, 1e-6, 1000)
    start = planner.AddRegions([Point(np.array(question["start"]))], 0)
    goal = planner.AddRegions([polytope(question["end"])], 0)
    planner.AddEdges(start, main)
    planner.AddEdges(main, goal)
    planner.AddTimeCost()
    planner.AddVelocityBounds(-speed, speed)
    if smooth:
        planner.AddPathContinuityConstraints(1)
    options = GraphOfConvexSetsOptions()
    options.convex_relaxation = options.preprocessing = True
    options.max_rounded_paths = ROUNDED_PATHS
    trajectory, result = planner.SolvePath(start, goal, options)
    if not result.is_success():
        return {"none": "GCS finds no path"}
    if smooth:
        trajectory = timed(question, GcsTrajectoryOptimization.NormalizeSegmentTimes(trajectory))
    took = time.process_time() - begun
    if trajectory is None:
        return {"none": "Toppra gives up", "cpu_s": took}
    duration = trajectory.end_time() - trajectory.start_time()
    return {"cpu_s": took, "duration_s": duration, "path": sampled(trajectory)}


def timed(question: Question, path: Any) -> Any:
    """The fastest motion along the path with both limits; None if Toppra finds none."""
    from pydrake.multibody.optimization import CalcGridPointsOptions, Toppra
    from pydrake.trajectories import PathParameterizedTrajectory

    grid = Toppra.CalcGridPoints(path, CalcGridPointsOptions())
    toppra = Toppra(path, robot(len(question["speed"])), grid)
    speed, acceleration = np.array(question["speed"]), np.array(question["acceleration"])
    toppra.AddJointVelocityLimit(-speed, speed)
    toppra.AddJointAccelerationLimit(-acceleration, acceleration)
    timing = toppra.SolvePathParameterization()
    return None if timing is None else PathParameterizedTrajectory(path, timing)


def robot(size: int) -> Any:
    """A chain of prismatic joints: Toppra wants a plant."""
    from pydrake.multibody.plant import MultibodyPlant
    from pydrake.multibody.tree import PrismaticJoint, SpatialInertia, UnitInertia

    plant = MultibodyPlant(0.0)
    parent = plant.world_frame()
    for axis in range(size):
        inertia = SpatialInertia(1.0, np.zeros(3), UnitInertia(1.0, 1.0, 1.0))
        frame = plant.AddRigidBody(f"body{axis}", inertia).body_frame()
        plant.AddJoint(PrismaticJoint(f"axis{axis}", parent, frame, [1.0, 0.0, 0.0]))
        parent = frame
    plant.Finalize()
    return plant


def ompl(question: Question) -> Answer:
    from ompl import base, geometric

    begun = time.process_time()
    size = len(question["speed"])
    low, high = question["bounds"]
    obstacles = [(np.array(rows), np.array(bounds)) for rows, bounds in question["obstacles"]]
    cells = [(np.array(rows), np.array(bounds)) for rows, bounds in question["cells"]]

    def valid(state: Any) -> bool:
        spot = np.array([state[axis] for axis in range(size)])
        if question["given"]:
            return any((rows @ spot <= bounds).all() for rows, bounds in cells)
        return not any((rows @ spot < bounds).all() for rows, bounds in obstacles)

    space = base.RealVectorStateSpace(size)
    limits = base.RealVectorBounds(size)
    for axis in range(size):
        limits.setLow(axis, low[axis])
        limits.setHigh(axis, high[axis])
    space.setBounds(limits)
    space.setLongestValidSegmentFraction(OMPL_RESOLUTION)
    setup = geometric.SimpleSetup(space)
    setup.setStateValidityChecker(valid)
    begin, end = space.allocState(), space.allocState()
    for axis in range(size):
        begin[axis], end[axis] = question["start"][axis], question["heart"][axis]
    setup.setStartAndGoalStates(begin, end)
    setup.setPlanner(geometric.RRTConnect(setup.getSpaceInformation()))
    if not setup.solve(OMPL_SECONDS) or not setup.haveExactSolutionPath():
        return {"none": f"no path in {OMPL_SECONDS:.0f} s", "cpu_s": time.process_time() - begun}
    setup.simplifySolution()
    states = setup.getSolutionPath().getStates()
    corners = np.array([[state[axis] for axis in range(size)] for state in states])
    took = time.process_time() - begun
    path, duration, fast = driven(corners, question)
    return {"cpu_s": took, "duration_s": duration, "least_s": fast, "path": path}


def driven(corners: np.ndarray, question: Question) -> tuple[list[list[float]], float, float]:
    """The polygon driven with stops, how long that takes, and how long at full speed throughout."""
    speed, acceleration = np.array(question["speed"]), np.array(question["acceleration"])
    steps = np.diff(corners, axis=0)
    share = POINTS // max(len(steps), 1)
    time_s = fast = 0.0
    path = [[0.0, *corners[0]]]
    for here, step in zip(corners, steps, strict=False):
        ways = np.abs(step)
        if not ways.any():
            continue
        most = np.min(speed[ways > 0] / ways[ways > 0])
        push = np.min(acceleration[ways > 0] / ways[ways > 0])
        whole = 1 / most + most / push if most**2 <= push else 2 / push**0.5
        path += [[time_s + whole * k, *(here + k * step)] for k in np.linspace(0, 1, share)[1:]]
        time_s += whole
        fast += 1 / most
    return path, time_s, fast


PLANNERS: dict[str, tuple[str, Callable[[Question], Answer]]] = {
    "gcs": ("pydrake", gcs),
    "toppra": ("pydrake", lambda question: gcs(question, smooth=True)),
    "ompl": ("ompl", ompl),
}


def main() -> None:
    logging.disable(logging.CRITICAL)
    sink = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print is not an answer
    for line in sys.stdin:
        question = json.loads(line)
        package, planner = PLANNERS[question["planner"]]
        answer: Answer = {"none": "not installed"}
        if importlib.util.find_spec(package) is not None:
            try:
                answer = planner(question)
            except RuntimeError as error:
                answer = {"none": str(error).splitlines()[0][:60]}
        print(json.dumps(answer), file=sink, flush=True)


if __name__ == "__main__":
    main()
