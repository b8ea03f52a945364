"""How far the emitted kinematics are from those of pinocchio.

    python tests/benchmarks/kinematics.py [configurations]
    python tests/benchmarks/kinematics.py --golden FILE

needs a C compiler, and pinocchio (`pip install pin`) in the same Python. Compares poses and
Jacobians of every frame over random configurations within the limits, and ends with 1 if an entry
differs by more than 1e-12. `--golden` writes the table from which tests/test_kinematics.py works
without pinocchio.
"""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from verifier.emit.kinematics import kinematics_header, kinematics_source  # noqa: E402
from verifier.emit.printer import printed  # noqa: E402
from verifier.model.urdf import Chain, read_chain  # noqa: E402
from verifier.safety.kinematics import Kinematics, kinematics  # noqa: E402

RUNTIME = ROOT / "verifier" / "emit" / "runtime"
DATA = ROOT / "tests" / "data"
ROBOTS = {
    "panda": ("panda_hand_tcp", ("panda_link4", "panda_hand_tcp")),
    "ur5": ("ee_link", ("forearm_link", "ee_link")),
}
TOLERANCE = 1e-12
GOLDEN = 50  # configurations of each robot


def robot(name: str) -> Kinematics:
    tip, frames = ROBOTS[name]
    path = DATA / f"{name}.urdf"
    chain = read_chain(path.read_bytes(), path.name, tip)
    assert isinstance(chain, Chain)
    return kinematics(chain, frames)


def compiled(arm: Kinematics, name: str, folder: Path) -> ctypes.CDLL:
    source, out = folder / f"{name}_kinematics.c", folder / f"{name}.so"
    source.write_text(printed(kinematics_source(arm, name)))
    (folder / f"{name}_kinematics.h").write_text(printed(kinematics_header(arm, name)))
    flags = ["-std=c99", "-O2", "-shared", "-fPIC", f"-I{RUNTIME}", f"-I{folder}"]
    compiler = shutil.which("gcc") or "cc"
    subprocess.run([compiler, *flags, str(source), "-o", str(out), "-lm"], check=True)
    return ctypes.CDLL(str(out))


class Emitted:
    """The emitted functions over numpy arrays."""

    def __init__(self, arm: Kinematics, name: str, folder: Path) -> None:
        library = compiled(arm, name, folder)
        self.size, self.count = arm.program.inputs, len(arm.frames)
        self.forward, self.jacobian = library[f"{name}_forward"], library[f"{name}_jacobian"]
        self.pose = np.zeros(6 * self.size + 12 * self.count)
        self.matrix = np.zeros((6, self.size))
        self.pose_at = self.pose.ctypes.data_as(ctypes.c_void_p)
        self.matrix_at = self.matrix.ctypes.data_as(ctypes.c_void_p)

    def at(self, q: np.ndarray) -> None:
        self.forward(q.ctypes.data_as(ctypes.c_void_p), self.pose_at)

    def rotation(self, frame: int) -> np.ndarray:
        start = 6 * self.size + 9 * frame
        return self.pose[start : start + 9].reshape(3, 3)

    def position(self, frame: int) -> np.ndarray:
        start = 6 * self.size + 9 * self.count + 3 * frame
        return self.pose[start : start + 3]

    def jacobian_of(self, frame: int) -> np.ndarray:
        self.jacobian(self.pose_at, ctypes.c_uint32(frame), self.matrix_at)
        return self.matrix


class Reference:
    """The same from pinocchio."""

    def __init__(self, arm: Kinematics, name: str) -> None:
        import pinocchio

        self.pin = pinocchio
        self.model = pinocchio.buildModelFromUrdf(str(DATA / f"{name}.urdf"))
        self.data = self.model.createData()
        self.frames = [self.model.getFrameId(frame.link) for frame in arm.frames]

    def at(self, q: np.ndarray) -> None:
        self.pin.computeJointJacobians(self.model, self.data, q)
        self.pin.updateFramePlacements(self.model, self.data)

    def rotation(self, frame: int) -> np.ndarray:
        return self.data.oMf[self.frames[frame]].rotation

    def position(self, frame: int) -> np.ndarray:
        return self.data.oMf[self.frames[frame]].translation

    def jacobian_of(self, frame: int) -> np.ndarray:
        aligned = self.pin.LOCAL_WORLD_ALIGNED
        return self.pin.getFrameJacobian(self.model, self.data, self.frames[frame], aligned)


def configurations(arm: Kinematics, count: int) -> np.ndarray:
    limits = [joint.limits for joint in arm.chain.moving]
    low = np.array([float(limit.lower or 0) for limit in limits])
    high = np.array([float(limit.upper or 0) for limit in limits])
    source = np.random.default_rng(3)
    return low + (high - low) * source.random((count, len(limits)))


def compare(name: str, count: int, folder: Path) -> float:
    """The largest difference; prints a line."""
    arm = robot(name)
    ours, theirs = Emitted(arm, name, folder), Reference(arm, name)
    worst = np.zeros(3)
    for q in configurations(arm, count):
        ours.at(q)
        theirs.at(q)
        for f in range(len(arm.frames)):
            pairs = (
                (ours.rotation(f), theirs.rotation(f)),
                (ours.position(f), theirs.position(f)),
                (ours.jacobian_of(f), theirs.jacobian_of(f)),
            )
            worst = np.maximum(worst, [np.abs(a - b).max() for a, b in pairs])
    print(
        f"{name:6} {count} configurations, largest difference: rotation {worst[0]:.1e}, "
        f"position {worst[1]:.1e}, Jacobian {worst[2]:.1e}"
    )
    return float(worst.max())


def golden(path: Path) -> None:
    lines = []
    for name in ROBOTS:
        arm = robot(name)
        reference = Reference(arm, name)
        for q in configurations(arm, GOLDEN):
            reference.at(q)
            for f, frame in enumerate(arm.frames):
                entry = {
                    "robot": name,
                    "frame": frame.link,
                    "q": q.tolist(),
                    "rotation": reference.rotation(f).ravel().tolist(),
                    "position": reference.position(f).tolist(),
                    "jacobian": reference.jacobian_of(f).ravel().tolist(),
                }
                lines.append(json.dumps(entry, separators=(",", ":")))
    path.write_text("\n".join(lines) + "\n")


def main() -> int:
    if sys.argv[1:2] == ["--golden"]:
        golden(Path(sys.argv[2]))
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        worst = max([compare(name, count, Path(folder)) for name in ROBOTS])
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
