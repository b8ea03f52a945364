"""MCAP recordings: ROS 2 and JSON messages by topic and field, values held, damage refused."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy
import pytest
from mcap.writer import CompressionType, Writer
from rosbags.typesys import Stores, get_typestore

from verifier.cli import main
from verifier.core.diagnostic import SourceError
from verifier.monitor.definition import Event
from verifier.source import settled
from verifier.traces.fields import fields
from verifier.traces.recording_file import Mapped, mapping, samples

WORLD = """\
state { gripper : {open, closed}  near : bool  q : real[2] deg  gap : real cm }
property calm = always (near implies eventually[0, 500 ms] gripper == open)
property slow = always (q[2] <= 90 deg and gap <= 5 cm)
"""
MAPS = """\
near    = /near.data            # std_msgs/msg/Bool
gripper = /gripper.data 0:open 1:closed
q[2]    = /joint_states.position[1]
gap     = /tool.pose.position.z
"""
STORE = get_typestore(Stores.ROS2_JAZZY)
TYPES = {
    "/near": "std_msgs/msg/Bool",
    "/gripper": "std_msgs/msg/UInt8",
    "/joint_states": "sensor_msgs/msg/JointState",
    "/tool": "geometry_msgs/msg/PoseStamped",
}
MS = 10**6


def ros(topic: str, value: Any) -> Any:
    types = STORE.types
    stamp = types["builtin_interfaces/msg/Time"](0, 0)
    header = types["std_msgs/msg/Header"](stamp, "base")
    none = numpy.zeros(0)
    match topic:
        case "/joint_states":
            at = numpy.array([0.0, value])
            return types[TYPES[topic]](header, ["a", "b"], at, none, none)
        case "/tool":
            point = types["geometry_msgs/msg/Point"](0.0, 0.0, value)
            turn = types["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0)
            return types[TYPES[topic]](header, types["geometry_msgs/msg/Pose"](point, turn))
        case _:
            return types[TYPES[topic]](value)


def recorded(
    messages: list[tuple[int, str, Any]],
    compression: CompressionType = CompressionType.ZSTD,
    chunk: int = 200,
) -> bytes:
    stream = BytesIO()
    writer = Writer(stream, chunk_size=chunk, compression=compression)
    writer.start()
    channels = {}
    for topic, name in TYPES.items():
        text = STORE.generate_msgdef(name, ros_version=2)[0].encode()
        schema = writer.register_schema(name, "ros2msg", text)
        channels[topic] = writer.register_channel(topic, "cdr", schema)
    for time, topic, value in messages:
        data = bytes(STORE.serialize_cdr(ros(topic, value), TYPES[topic]))
        writer.add_message(channels[topic], time, data, time)
    writer.finish()
    return stream.getvalue()


def read(data: bytes, maps: str = MAPS) -> list[Event]:
    model = settled("world.spec", WORLD).model
    lines = [line.partition("#")[0] for line in maps.splitlines()]
    mapped = dict(found for line in lines if (found := mapping(line)) is not None)
    wanted = fields(model, model.properties)
    return list(samples(BytesIO(data), "t.mcap", wanted, lambda done: None, mapped))


STORY: list[tuple[int, str, Any]] = [
    (0, "/near", False),
    (0, "/gripper", 1),
    (1 * MS, "/joint_states", 0.5),
    (2 * MS, "/tool", 0.03),
    (3 * MS, "/near", True),
    (3 * MS, "/gripper", 1),
    (504 * MS, "/gripper", 0),
]


def test_samples_stand_where_a_topic_speaks_once_all_have_spoken() -> None:
    found = read(recorded(STORY))
    assert [event.time_ns for event in found] == [2 * MS, 3 * MS, 504 * MS]
    assert found[0].values == {"near": False, "gripper": "closed", "q[2]": 0.5, "gap": 0.03}
    assert found[1].values == {"near": True, "gripper": "closed", "q[2]": 0.5, "gap": 0.03}
    assert found[2].values == {"near": True, "gripper": "open", "q[2]": 0.5, "gap": 0.03}


@pytest.mark.parametrize("compression", CompressionType)
def test_compression_and_the_order_in_the_file_make_no_difference(
    compression: CompressionType,
) -> None:
    shuffled = STORY.copy()
    random.Random(3).shuffle(shuffled)
    shuffled.sort(key=lambda message: message[0] % (2 * MS))
    stable = sorted(shuffled, key=lambda message: message[0])
    assert {m[0] for m in stable} == {m[0] for m in STORY}
    assert read(recorded(shuffled, compression)) == read(recorded(STORY, compression))


def test_json_messages_need_no_schema() -> None:
    stream = BytesIO()
    writer = Writer(stream)
    writer.start()
    channel = writer.register_channel("/all", "json", 0)
    body = {"near": True, "gripper": "open", "q": [0, 1], "tool": {"gap": 0.25}}
    writer.add_message(channel, 5, json.dumps(body).encode(), 5)
    writer.finish()
    maps = "near=/all.near\ngripper=/all.gripper\nq[2]=/all.q[1]\ngap=/all.tool.gap"
    (found,) = read(stream.getvalue(), maps)
    assert found == Event(5, {"near": True, "gripper": "open", "q[2]": 1.0, "gap": 0.25})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=/t.data", ("a", Mapped("/t", "data", {}))),
        (" q[1] = /a/b.c[0].d 0:open -1:closed", ("q[1]", None)),
        ("a=/t", None),
        ("a", None),
        ("=/t.data", None),
        ("a=/t.data open", None),
        ("a=/t.da-ta", None),
    ],
)
def test_what_a_mapping_is(text: str, expected: tuple[str, Mapped | None] | None) -> None:
    found = mapping(text)
    if expected is None or found is None:
        assert found is expected
    else:
        assert found[0] == expected[0] and expected[1] in (None, found[1])


WRONG: list[tuple[list[tuple[int, str, Any]], str, str, str]] = [
    (STORY, MAPS.replace("/near", "/naer"), "trace-column", "did you mean `/near`?"),
    (STORY, MAPS.replace("near    =", "far ="), "trace-column", "no mapping for `near`"),
    (STORY, MAPS.replace("near.data", "near.date"), "trace-column", "it has: data"),
    (STORY, MAPS.replace("position[1]", "position[2]"), "trace-column", "no field `position[2]`"),
    (STORY, MAPS.replace("position[1]", "position"), "trace-column", "no single value"),
    (STORY, MAPS.replace("1:closed", ""), "trace-value", '`gripper` is `1`, not "open"'),
    ([*STORY, (505 * MS, "/tool", float("nan"))], MAPS, "trace-value", "at 0.505 s"),
    (STORY[:-1][::2], MAPS, "empty-file", "says nothing"),
    ([], MAPS, "empty-file", "no mapped topic says anything"),
]


@pytest.mark.parametrize(("story", "maps", "code", "said"), WRONG)
def test_what_is_wrong_is_said(
    story: list[tuple[int, str, Any]], maps: str, code: str, said: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read(recorded(story), maps)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == code and said in f"{diagnostic.message} {diagnostic.help}"


def test_a_recording_cut_anywhere_is_truncated() -> None:
    data = recorded(STORY)
    for cut in range(0, len(data), 131):
        with pytest.raises(SourceError) as caught:
            read(data[:cut])
        expected = {0: "empty-file"}.get(cut, "trace-truncated" if cut >= 8 else "trace-form")
        assert {d.code for d in caught.value.diagnostics} == {expected}, cut


@pytest.mark.parametrize("compression", CompressionType)
def test_damaged_bytes_are_refused_or_change_nothing_that_is_read(
    compression: CompressionType,
) -> None:
    data = recorded(STORY, compression)
    rng = random.Random(11)
    refused = 0
    for _ in range(60):
        broken = bytearray(data)
        broken[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        try:
            read(bytes(broken))
        except SourceError as error:
            refused += 1
            assert all(d.code.startswith(("trace-", "empty-")) for d in error.diagnostics)
    assert refused > 20


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("world.spec").write_text(WORLD)
    Path("robot.map").write_text(MAPS)
    Path("t.mcap").write_bytes(recorded(STORY))

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(["monitor", "world.spec", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def test_the_command_judges_a_recording(run: Run) -> None:
    code, out, err = run("t.mcap", "--map", "robot.map")
    assert (code, err) == (1, "")
    assert "calm is violated at 0.504 s" in out and "0.003" in out and "slow  satisfied" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("t.mcap",), "there is no mapping for `gripper`"),
        (("t.mcap",), "help: say where the recording has it: --map gripper=TOPIC.FIELD"),
        (("t.mcap", "--map", "near=data"), "is no mapping"),
        (("t.mcap", "--map", "robot.map", "--map", "near=/near.data"), "`near` is mapped twice"),
        (("t.mcap", "--map", "no.map"), "error[file-not-found]"),
        (("t.csv", "--map", "robot.map"), "`--map` is for recordings"),
        (("world.mcap", "--map", "robot.map"), "error[file-not-found]"),
    ],
)
def test_what_the_command_refuses(run: Run, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "") and said in err, err


def test_a_missing_package_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "mcap.reader", None)
    code, _, err = run("t.mcap", "--map", "robot.map")
    assert code == 2 and "pip install 'verify-chain[recordings]'" in err
