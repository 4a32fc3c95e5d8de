"""`report.html`: one file with everything in it. It asks no server for anything and needs no script."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..errors import DataFault
from ..resume import candidate_command
from .candidates import COLUMNS, candidate_rows, front_picture
from .codec import write_whole
from .cycles import profile_views
from .flame import WIDTH
from .record import Part, Rom, RunRecord, WrongClip
from .rows import image_totals, main_rows, mismatch_count, relative_change, same_clips
from .spectrogram import load_clip, spectrogram_png
from .verdict import checks, passed

CLIPS_SHOWN = 12
_MINUS = re.compile(r"(?<![\w.])-(?=\d)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


@dataclass(frozen=True)
class Figure:
    """A key figure: what it was, what it became."""

    title: str
    before: str
    after: str
    unit: str
    change: str
    better: bool | None
    source: str


@dataclass(frozen=True)
class Bar:
    """A stacked bar; `percent` is the length of a part on the scale that all bars of the chart share."""

    title: str
    total: int
    parts: tuple[tuple[str, int, float], ...]  # kind, bytes, percent


@dataclass(frozen=True)
class MatrixCell:
    count: int
    share: float  # of its row, 0..1
    right: bool


@dataclass(frozen=True)
class Matrix:
    title: str
    rows: tuple[tuple[str, tuple[MatrixCell, ...]], ...]


@dataclass(frozen=True)
class ClipPicture:
    """`picture` is a data URI, or empty with `trouble` saying why."""

    clip: WrongClip
    picture: str
    trouble: str


def write_html(record: RunRecord, path: Path) -> None:
    """Write the page for `record`; stored clips are looked for beside `path`, in the run folder.

    Raises:
        BenchFault: the file can't be written.
    """
    write_whole(path, render_html(record, path.parent))


def render_html(record: RunRecord, run_folder: Path) -> str:
    """The page as text."""
    loader = PackageLoader("proofboard_harness.report", ".")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["typeset"] = typeset
    environment.filters["prose"] = prose
    environment.filters["mismatch_count"] = mismatch_count
    style, _, _ = loader.get_source(environment, "page.css")
    found = checks(record)
    scale = max(image.rom.total for _, image in image_totals(record))
    return environment.get_template(
        "page.html.jinja"
    ).render(
        record=record,
        style=Markup(style),  # our own file, not what a user wrote
        made_at=datetime.fromisoformat(record.made_at).strftime("%Y-%m-%d %H:%M %Z").strip(),
        passed=passed(record),
        checks=found,
        checks_run=sum(check.passed is not None for check in found),
        checks_good=sum(check.passed is True for check in found),
        figures=key_figures(record),
        rows=main_rows(record),
        streamed=[(name, same_clips(image.field)) for name, image in image_totals(record)],
        bars=[_rom_bar(name, image.rom, scale) for name, image in image_totals(record)],
        zoom=_rom_bar("compressed", record.compressed.rom, record.compressed.rom.total),
        layers=_shares(record.compressed.rom.layers),
        sections=[(name, image.rom.sections) for name, image in image_totals(record)],
        candidates=candidate_rows(record),
        candidate_command=candidate_command(shlex.split(record.command)[1:]),
        candidate_columns=COLUMNS,
        front=front_picture(record, run_folder),
        profiles=profile_views(record),
        images=image_totals(record),
        flame_width=WIDTH,
        matrices=_matrices(record),
        mistakes=_mistakes(record.compressed.confusion_field),
        clips=[_picture(clip, run_folder) for clip in record.wrong_clips[:CLIPS_SHOWN]],
    )


def typeset(text: str) -> str:
    """ASCII from the shared rows, as it is set on paper: minus signs, dashes and narrow spaces."""
    if text == "-":
        return "–"
    return text.replace(" to ", "–").replace("-", "−").replace(" %", "\u202f%").replace(",", "\u202f")


def prose(text: str) -> str:
    """A sentence in which numbers have the thin spaces and minus signs that they have in the tables."""
    return _MINUS.sub("−", _THOUSANDS.sub("\u202f", text))


def key_figures(record: RunRecord) -> list[Figure]:
    """What a person wants to know first, as before and after."""
    before, after = record.baseline, record.compressed
    points = 100 * (after.field.host.value - before.field.host.value)
    accuracy = Figure(
        title="Field accuracy",
        before=f"{100 * before.field.host.value:.1f}",
        after=f"{100 * after.field.host.value:.1f}",
        unit="%",
        change=f"{points:+.2f} pp",
        # A loss is a loss when the paired test says so, not when two shares differ.
        better=False if record.comparison and not record.comparison.kept else None,
        source="host",
    )
    return [
        _size_figure("ROM", before.rom.total, after.rom.total, "linked"),
        _size_figure("RAM", before.ram.total, after.ram.total, "linked"),
        _count_figure("MACs", before.macs, after.macs, "predicted"),
        _count_figure(
            f"Network {after.network.unit}", before.network.target, after.network.target, after.network.source.value
        ),
        accuracy,
    ]


def _size_figure(title: str, before: int, after: int, source: str) -> Figure:
    return Figure(
        title,
        f"{before / 1024:,.1f}",
        f"{after / 1024:,.1f}",
        "KiB",
        relative_change(before, after),
        _smaller(before, after),
        source,
    )


def _count_figure(title: str, before: float, after: float, source: str) -> Figure:
    change = relative_change(before, after)
    return Figure(title, f"{before:,.0f}", f"{after:,.0f}", "", change, _smaller(before, after), source)


def _smaller(before: float, after: float) -> bool | None:
    return None if after == before else after < before


def _rom_bar(title: str, rom: Rom, scale: int) -> Bar:
    parts = (("fixed", rom.fixed), ("weights", rom.weights), ("other", rom.other))
    return Bar(title, rom.total, tuple((kind, size, 100 * size / scale) for kind, size in parts))


def _shares(parts: Sequence[Part]) -> list[tuple[str, int, float]]:
    """Name, bytes and length in percent of the longest."""
    longest = max((part.bytes for part in parts), default=1) or 1
    return [(part.name, part.bytes, 100 * part.bytes / longest) for part in parts]


def _matrices(record: RunRecord) -> list[Matrix]:
    found = []
    for name, image in image_totals(record):
        found.append(_matrix(f"{name}, k-fold", image.confusion_kfold, record.classes))
        found.append(_matrix(f"{name}, field", image.confusion_field, record.classes))
    return found


def _matrix(title: str, counts: tuple[tuple[int, ...], ...], classes: tuple[str, ...]) -> Matrix:
    rows = []
    for index, (label, row) in enumerate(zip(classes, counts, strict=True)):
        total = sum(row) or 1
        cells = tuple(MatrixCell(count, count / total, column == index) for column, count in enumerate(row))
        rows.append((label, cells))
    return Matrix(title, tuple(rows))


def _mistakes(confusion: Sequence[Sequence[int]]) -> int:
    return sum(count for index, row in enumerate(confusion) for column, count in enumerate(row) if column != index)


def _picture(clip: WrongClip, run_folder: Path) -> ClipPicture:
    try:
        png = spectrogram_png(load_clip(run_folder / clip.array))
    except DataFault as fault:
        # The page is still worth having; the place of the picture says what is wrong.
        return ClipPicture(clip, "", fault.seen)
    return ClipPicture(clip, "data:image/png;base64," + base64.b64encode(png).decode("ascii"), "")
