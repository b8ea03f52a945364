"""What cbfpy commands for the arm of filters.py, run by an interpreter that has it.

    PYTHON tests/benchmarks/barrier_peers.py FOLDER relaxed|hard GAIN

reads question.npz and writes answer.npz: `given`, the commands, and `least_us`, the least times of
calls; nothing if cbfpy is not there. Barriers: positions and clearances of relative degree two,
speeds of degree one, and the box of the input. `relaxed` rows may be broken at a price, which is
how cbfpy comes, with a gain of 1.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {
    "JAX_ENABLE_X64": "True",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "OPENBLAS_NUM_THREADS": "1",
}

import numpy as np

N = 7
REPEATS, TIMED = 3, 500  # all commands are answered once, the first ones are timed
SMALL = 1e-18  # keeps the gradient of a distance finite at 0


def clearances(world: dict[str, np.ndarray]) -> Callable[[Any], Any]:
    """The distances of all spheres to all bodies at a configuration."""
    import jax.numpy as jnp

    balls = int(world["balls"])
    on, center, radius = (world[name][:balls] for name in ("on", "center", "radius"))
    bodies = slice(0, int(world["capsules"]))
    start, end, thick = (world[name][bodies] for name in ("start", "end", "thick"))
    along = end - start
    square = np.maximum(np.sum(along**2, axis=1), SMALL)
    boxes = slice(0, int(world["boxes"]))
    middle = world["middle"][boxes]
    half = np.minimum(world["half"][boxes], 1e3)
    axes = world["axes"][boxes].reshape(-1, 3, 3)

    def distances(q: Any) -> Any:
        turn, place = jnp.eye(3), jnp.zeros(3)
        turns, places = [], []
        for link in range(int(world["links"])):
            fixed = world["fixed"][link]
            place = place + turn @ fixed[9:]
            turn = turn @ fixed[:9].reshape(3, 3)
            joint = int(world["turns"][link])
            if joint >= 0:
                c, s = jnp.cos(q[joint]), jnp.sin(q[joint])
                turn = turn @ jnp.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
            turns.append(turn)
            places.append(place)
        points = jnp.stack(places)[on] + jnp.einsum("bij,bj->bi", jnp.stack(turns)[on], center)
        gaps = points[:, None, :] - start
        share = jnp.clip(jnp.sum(gaps * along, axis=2) / square, 0, 1)
        gaps = gaps - share[:, :, None] * along
        to_capsules = jnp.sqrt(jnp.sum(gaps**2, axis=2) + SMALL) - thick
        sides = jnp.einsum("kij,bkj->bki", axes, points[:, None, :] - middle)
        beyond = jnp.abs(sides) - half
        outside = jnp.sqrt(jnp.sum(jnp.maximum(beyond, 0.0) ** 2, axis=2) + SMALL)
        deepest = jnp.max(beyond, axis=2)
        to_boxes = jnp.where(deepest > 0, outside, deepest)
        return (jnp.hstack([to_capsules, to_boxes]) - radius[:, None]).ravel()

    return distances


def cbfpy_filter(world: dict[str, np.ndarray], relaxed: bool, gain: float) -> Any:
    """The filter of cbfpy for the arm."""
    import jax.numpy as jnp
    from cbfpy import CBF, CBFConfig

    distances = clearances(world)
    lower, upper, speed, push = (world[name] for name in ("lower", "upper", "speed", "push"))

    class Config(CBFConfig):
        def __init__(self) -> None:
            super().__init__(n=2 * N, m=N, u_min=-push, u_max=push, relax_qp=relaxed)

        def f(self, z: Any) -> Any:
            return jnp.concatenate([z[N:], jnp.zeros(N)])

        def g(self, z: Any) -> Any:
            return jnp.concatenate([jnp.zeros((N, N)), jnp.eye(N)])

        def h_1(self, z: Any) -> Any:
            return jnp.concatenate([speed - z[N:], z[N:] + speed])

        def h_2(self, z: Any) -> Any:
            q = z[:N]
            return jnp.concatenate([upper - q, q - lower, distances(q)])

        def alpha(self, h: Any) -> Any:
            return gain * h

        def alpha_2(self, h_2: Any) -> Any:
            return gain * h_2

    return CBF.from_config(Config())


def answers(problem: dict[str, np.ndarray], relaxed: bool, gain: float) -> dict[str, np.ndarray]:
    import jax

    step = jax.jit(cbfpy_filter(problem, relaxed, gain).safety_filter)
    states, asked = np.hstack([problem["q"], problem["v"]]), problem["asked"]
    step(states[0], asked[0]).block_until_ready()
    given, least = np.zeros_like(asked), np.full(len(asked), np.inf)
    for repeat in range(REPEATS):
        for k in range(len(asked) if repeat == 0 else TIMED):
            begun = time.perf_counter()
            given[k] = step(states[k], asked[k]).block_until_ready()
            least[k] = min(least[k], (time.perf_counter() - begun) * 1e6)
    return {"given": given, "least_us": least[:TIMED]}


def main() -> None:
    folder, relaxed, gain = Path(sys.argv[1]), sys.argv[2] == "relaxed", float(sys.argv[3])
    if importlib.util.find_spec("cbfpy") is None:
        return
    problem = dict(np.load(folder / "question.npz"))
    np.savez(folder / "answer.npz", **answers(problem, relaxed, gain))


if __name__ == "__main__":
    main()
