"""The flame graph of a profile as rectangles: callers above, what they call below, as wide as their cycles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..profile.figures import Frame

WIDTH = 1120.0
ROW = 22.0
_GAP = 1.5
_LETTER = 6.6  # wide, of 12 px
_LEAST = 0.4  # narrower ones can't be seen
_SHADES = 4


@dataclass(frozen=True)
class Rectangle:
    """In the picture's own units; `label` is empty where none fits; `shade` in 0..3 tells neighbours apart."""

    x: float
    y: float
    width: float
    height: float
    part: str
    shade: int
    label: str
    title: str


@dataclass(frozen=True)
class Flame:
    """A picture `WIDTH` wide."""

    title: str
    height: float
    rectangles: tuple[Rectangle, ...]


def draw(title: str, frames: Sequence[Frame]) -> Flame:
    """The frames side by side and theirs below them, over all the width. Cycles are those without wait states."""
    whole = sum(frame.cycles.low for frame in frames)
    rectangles = tuple(_row(frames, 0.0, 0, whole)) if whole else ()
    height = max((rectangle.y + ROW for rectangle in rectangles), default=0.0)
    return Flame(title, height, rectangles)


def _row(frames: Sequence[Frame], left: float, depth: int, whole: float) -> Iterator[Rectangle]:
    for index, frame in enumerate(frames):
        width = WIDTH * frame.cycles.low / whole
        if width >= _LEAST:
            yield Rectangle(
                x=left,
                y=depth * ROW,
                width=max(width - _GAP, _LEAST),
                height=ROW - _GAP,
                part=frame.part,
                shade=(index + depth) % _SHADES,
                label=_label(frame.name.removeprefix("pb_").removeprefix("frontend_"), width),
                title=_title(frame, whole),
            )
            yield from _row(frame.children, left, depth + 1, whole)
        left += width


def _label(name: str, width: float) -> str:
    letters = int((width - 10) / _LETTER)
    if len(name) <= letters:
        return name
    return f"{name[: letters - 1]}…" if letters >= 4 else ""


def _title(frame: Frame, whole: float) -> str:
    cycles = frame.cycles
    words = [f"{frame.name}: {cycles.low:,.0f} cycles ({100 * cycles.low / whole:.1f} %)"]
    words.append(f"{cycles.high:,.0f} with wait states")
    if cycles.instructions is not None:
        words.append(f"{cycles.instructions:,.0f} instructions")
    if cycles.bytes_read is not None:
        words.append(f"{cycles.bytes_read:,.0f} bytes read")
    words.append(f"{frame.calls:,.0f} call{'' if frame.calls == 1 else 's'}")
    return ", ".join(words)
