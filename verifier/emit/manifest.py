"""manifest.json: what a bundle is, what it watches, what it assumes, and the hash of every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from verifier.core.span import Span
from verifier.emit.design import Design, Track, weight_of
from verifier.monitor.gates import Item
from verifier.safety.affine import Affine
from verifier.safety.filter import Guarded, Weight

SCHEMA = 1
ASSUMPTIONS = (
    "the chain starts in a state that its `assume` clauses allow",
    "guard_step is called once a period, and the actuators hold `out` for no longer than that",
    "the plant follows its declared dynamics, and the measured state is the state",
    "a clause is watched on measured doubles, with constants rounded to the nearest double: a gate "
    "is a watch, not a proof; a margin for the sensors belongs into the contract",
    "a sample outside of a declared domain is a FAULT with fallback stop; a driven state outside "
    "of its limits is pushed back instead, and reported as outside",
    "hold, retreat and stop all command zero velocity; the supervisor reads which of them is meant",
    "the compiler keeps IEEE 754: no -ffast-math, -ffp-contract=off",
)
STANDING = ASSUMPTIONS[5]
BRAKING = (
    "hold, retreat and stop all brake; the supervisor reads which of them is meant",
    "commands that were under way when guard_init was called were zero",
    "the bodies of the arm are its collision spheres; what the sample calls a joint's position is "
    "the angle or way that the URDF means",
)
WRITTEN = (
    "hold, retreat and stop all command the baseline; the supervisor reads which of them is meant",
    "the states stay in their declared domains: outside of them the baseline is in charge, and "
    "nothing is proved",
)
WEIGHED = (
    "acceleration loop, assumed and not proved: the motors turn `gravity` of the verdict and the "
    "commanded accelerations into torques under which the joints follow; of the torque limits only "
    "that they bear the weight is shown",
    "the masses and centres of mass are those of the URDF, what hangs beside the chain hangs where "
    "its joints' zero places it, and gravity is 9.81 m/s^2 along -z of the base",
)
FOLLOWED = (
    "in a transition the controller of what moves brings it within one period to where guard_track "
    "says; the tube and the end set are clauses of the skill's gates"
)


def manifest(
    design: Design,
    files: Mapping[str, bytes],
    *,
    target: str,
    compile_command: str,
    statuses: Mapping[str, str],
    version: str,
    waived: Mapping[str, str],
) -> bytes:
    """The text of manifest.json; the same input gives the same bytes."""
    plan, loop = design.plan, design.loop
    value = {
        "schema": SCHEMA,
        "tool": "verify-chain",
        "version": version,
        "chain": plan.chain,
        "span": span_json(plan.span),
        "target": target,
        "compile": compile_command,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
        "skills": _skills(design),
        "watched": [
            {
                "bit": item.bit,
                "name": item.name,
                "constant": design.bits[item.bit],
                "kind": item.kind,
                "text": item.text,
                "monitor": monitor_name(item),
                "fallback": item.fallback,
                "span": span_json(item.span),
            }
            for item in plan.items
        ],
        "limits": [
            {
                "joint": number,
                "input": f"{joint.input}[{joint.index + 1}]",
                "box": [joint.lower, joint.upper],
                "state": joint.state,
                "barriers": list(joint.barriers),
                "bounds": [joint.bounds.lower, joint.bounds.upper] if joint.bounds else None,
                "gain_per_s": joint.bounds.gain if joint.bounds else None,
                "span": span_json(joint.span),
            }
            for number, joint in enumerate(loop.joints)
        ],
        **(
            {"transitions": [_transition(track) for track in design.tracks]}
            if design.tracks
            else {}
        ),
        "periods_s": {command.name: str(command.period) for command in loop.commands},
        "obligations": _obligations(statuses, waived),
        **({"filter": _filter(loop.guarded)} if loop.guarded else {}),
        "assumptions": _assumptions(design),
    }
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _assumptions(design: Design) -> list[str]:
    guarded = design.loop.guarded is not None
    found = [each for each in ASSUMPTIONS if not (guarded and each == STANDING)]
    found += BRAKING if isinstance(design.loop.guarded, Guarded) else ()
    found += WEIGHED if weight_of(design) else ()
    found += WRITTEN if isinstance(design.loop.guarded, Affine) else ()
    found += [FOLLOWED] if design.tracks else []
    return [*found, *(f"`{name}` runs as it was proved" for name in design.plan.neighbours)]


def _filter(guarded: Guarded | Affine) -> dict[str, Any]:
    """What the filter keeps: each joint's limits as they are tightened, and the rows by number."""
    if isinstance(guarded, Affine):
        return _written(guarded)
    drives, arm, switch = guarded.filter.drives, guarded.filter.arm, guarded.filter.switch
    return {
        "latency_periods": guarded.filter.latency,
        "joints": [
            {
                "position": position,
                "speed": speed,
                "kind": drive.kind.name.lower(),
                "position_kept": [drive.lower, drive.upper],
                "speed_kept": [drive.speed_lower, drive.speed_upper],
                "braking": [drive.slowing_down, drive.slowing_up],
                "off_reference_at_most": drive.radius,
            }
            for drive, position, speed in zip(
                drives, guarded.positions, guarded.speeds, strict=True
            )
        ],
        "rows": [
            {"row": 2 * len(drives) + k, "barrier": row.name, "least_m": row.least}
            | {"sphere": arm.bodies[row.body].sphere, "other": arm.bodies[row.body].other}
            for k, row in enumerate(arm.rows)
        ]
        if arm
        else [],
        "switch": {"hold_periods": switch.hold} if switch else None,
        **({"gravity": _weight(guarded.weight)} if guarded.weight else {}),
    }


def _weight(weight: Weight) -> dict[str, Any]:
    """What each joint of a robot bears at most, in N m or N, and what its motor gives."""
    limits = [list(pair) for pair in zip(weight.lower, weight.upper, strict=True)]
    return {"robot": weight.robot, "at_most": list(weight.most), "limits": limits}


def _written(affine: Affine) -> dict[str, Any]:
    """The states as they are foreseen, the levels of the gate, and the rows by number."""
    domains = zip(affine.states, affine.domain.lower, affine.domain.upper, strict=True)
    first, reserves = 2 * len(affine.box.lower), affine.reserves
    return {
        "states": [
            {"state": state, "domain": [low, high], "off_foreseen_at_most": off}
            for (state, low, high), off in zip(domains, affine.strayed, strict=True)
        ],
        "levels": [
            {"row": level.row, "barrier": level.barrier, "order": level.order, "least": least}
            for level, least in zip(affine.levels, affine.floor, strict=True)
        ],
        "rows": [{"row": first + k, "barrier": name} for k, name in enumerate(affine.names)],
        "latency_periods": affine.latency,
        "law_off_at_most": list(affine.law_error),
        "change_at_most": list(affine.pace.step) if affine.pace else None,
        "way_to_the_law_at_most": len(affine.pace.stages) if affine.pace else None,
        "switch": {"hold_periods": reserves.hold} if reserves else None,
    }


def _skills(design: Design) -> list[dict[str, Any]]:
    return [
        {"name": gates.text, "constant": design.layout.skills[gates.text]}
        | {"span": span_json(gates.span), "beside": sorted(gates.beside)}
        for gates in design.plan.skills
    ]


def _transition(track: Track) -> dict[str, Any]:
    """What follows guard_track, from which scalars at entry, and for how long at most."""
    table = track.table
    return {
        "skill": track.call,
        "position": list(table.starts[: table.moved]),
        "start": list(table.starts),
        "speed_max": list(table.speed),
        "period_s": table.period_s,
        "duration_s": max(course.duration_s for course in table.courses),
        "span": span_json(track.span),
    }


def _obligations(statuses: Mapping[str, str], waived: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"id": name, "status": status}
        | ({"waived_because": waived[name]} if name in waived else {})
        for name, status in sorted(statuses.items())
    ]


def monitor_name(item: Item) -> str:
    """The name by which a deferred obligation speaks of the item: `Reach(cup) invariant p`."""
    call, _, _ = item.name.partition("/")
    return f"{call} {item.kind} {item.text}" if "/" in item.name else item.name


def span_json(span: Span) -> dict[str, str | int]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
