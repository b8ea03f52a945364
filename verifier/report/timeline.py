"""The samples around a violation as an SVG picture: one row for each signal, against time.

A truth value is a bar where it is true, a label a bar with its name, and a number a line with a
step at each sample, since nothing is claimed between samples. The sample that asks and the moment
of certainty are marked. The picture is a tree that is printed; it needs no library.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as xml

from verifier.report.trace import Judged, Row, Window, seconds, value_text

WIDTH, LEFT, RIGHT, TOP = 760, 150, 20, 40
ROW, GAP, FOOT = 34, 10, 36
COLOURS = {"signal": "#4477aa", "asked": "#ccbb44", "known": "#cc3311", "frame": "#888888"}
_FONT = {"font-family": "sans-serif", "font-size": "12"}


def drawing(judged: Iterable[Judged]) -> str:
    """The window of every property that has one, one below the other."""
    shown = [each for each in judged if each.window is not None]
    heights = [_height(each.window) for each in shown if each.window is not None]
    total = sum(heights) if shown else TOP
    root = xml.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": str(WIDTH),
            "height": str(total),
            "viewBox": f"0 0 {WIDTH} {total}",
        },
    )
    xml.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "white"})
    top = 0
    for each, height in zip(shown, heights, strict=True):
        assert each.window is not None
        _draw(root, each, each.window, top)
        top += height
    if not shown:
        _text(root, LEFT, 24, "no property is violated")
    xml.indent(root)
    return xml.tostring(root, encoding="unicode") + "\n"


def _height(window: Window | None) -> int:
    assert window is not None
    return TOP + len(window.columns) * (ROW + GAP) + FOOT


def _draw(root: xml.Element, judged: Judged, window: Window, top: int) -> None:
    group = xml.SubElement(root, "g", {"transform": f"translate(0 {top})"})
    title = f"{judged.name}: {judged.verdict}"
    if judged.known_ns is not None:
        title += f" at {seconds(judged.known_ns)} s"
    _text(group, 12, 22, title, weight="bold")
    places = _places(window.rows)
    for number, (name, unit) in enumerate(window.columns):
        base = TOP + number * (ROW + GAP)
        _text(group, 12, base + ROW // 2 + 4, f"{name} {unit}".rstrip())
        edge = {"x": str(LEFT), "y": str(base), "width": str(WIDTH - LEFT - RIGHT)}
        frame = {"height": str(ROW), "fill": "none", "stroke": COLOURS["frame"]}
        xml.SubElement(group, "rect", {**edge, **frame, "stroke-width": "0.5"})
        _signal(group, [row.values[number] for row in window.rows], places, base)
    bottom = TOP + len(window.columns) * (ROW + GAP)
    for word, time in (("asked", judged.asked_ns), ("known", judged.known_ns)):
        if time is not None:
            _mark(group, window.rows, places, word, time, bottom)
    last = max(window.rows, key=lambda row: row.time_ns)
    _text(group, LEFT, bottom + 26, f"{seconds(window.rows[0].time_ns)} s")
    _text(group, WIDTH - RIGHT, bottom + 26, f"{seconds(last.time_ns)} s", anchor="end")


def _places(rows: Sequence[Row]) -> list[float]:
    """Where each sample stands; behind the last a last stretch."""
    start, end = rows[0].time_ns, rows[-1].time_ns
    step = (end - start) // max(len(rows) - 1, 1) or 1
    scale = (WIDTH - LEFT - RIGHT) / (end + step - start)
    return [LEFT + (row.time_ns - start) * scale for row in rows] + [float(WIDTH - RIGHT)]


def _signal(
    group: xml.Element, values: Sequence[bool | str | float], places: Sequence[float], base: int
) -> None:
    numbers = [v for v in values if isinstance(v, float)]
    if numbers:
        _line(group, numbers, places, base)
        return
    start = 0
    for k in range(1, len(values) + 1):
        if k == len(values) or values[k] != values[start]:
            if values[start] is not False:
                _bar(group, value_text(values[start]), places[start], places[k], base)
            start = k


def _bar(group: xml.Element, word: str, left: float, right: float, base: int) -> None:
    at = {"x": f"{left:.1f}", "y": str(base + 7), "width": f"{right - left:.1f}"}
    look = {"height": str(ROW - 14), "fill": COLOURS["signal"], "fill-opacity": "0.6"}
    xml.SubElement(group, "rect", {**at, **look})
    if word != "true" and right - left > 8 * len(word):
        _text(group, left + 4, base + ROW // 2 + 4, word)


def _line(group: xml.Element, numbers: Sequence[float], places: Sequence[float], base: int) -> None:
    low, high = min(numbers), max(numbers)
    scale = (ROW - 12) / (high - low) if high > low else 0.0
    points: list[str] = []
    for k, number in enumerate(numbers):
        height = base + ROW - 6 - (number - low) * scale
        points += [f"{places[k]:.1f},{height:.1f}", f"{places[k + 1]:.1f},{height:.1f}"]
    look = {"fill": "none", "stroke": COLOURS["signal"], "stroke-width": "1.5"}
    xml.SubElement(group, "polyline", {"points": " ".join(points), **look})
    small = {"anchor": "end", "size": "9"}
    _text(group, LEFT - 4, base + 10, value_text(high), **small)
    _text(group, LEFT - 4, base + ROW - 2, value_text(low), **small)


def _mark(
    group: xml.Element,
    rows: Sequence[Row],
    places: Sequence[float],
    word: str,
    time: int,
    bottom: int,
) -> None:
    at = next((places[k] for k, row in enumerate(rows) if row.time_ns == time), None)
    if at is None:
        return
    ends = {"x1": f"{at:.1f}", "x2": f"{at:.1f}", "y1": str(TOP - 6), "y2": str(bottom)}
    xml.SubElement(group, "line", {**ends, "stroke": COLOURS[word], "stroke-width": "2"})
    label = {"asked": "asked", "known": "certain"}[word]
    height = bottom + (0 if word == "asked" else 12)
    _text(group, at + 3, height + 2, f"{label} {seconds(time)} s", size="10")


def _text(
    parent: xml.Element,
    left: float,
    base: float,
    text: str,
    anchor: str = "start",
    weight: str = "normal",
    size: str = "12",
) -> None:
    at = {"x": f"{left:g}", "y": f"{base:g}", "text-anchor": anchor, "font-weight": weight}
    xml.SubElement(parent, "text", {**_FONT, **at, "font-size": size}).text = text
