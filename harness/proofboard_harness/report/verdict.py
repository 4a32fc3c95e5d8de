"""What a run is judged by: each check once, for the terminal, the JUnit file and the page."""

from __future__ import annotations

from dataclasses import dataclass

from .record import ImageRecord, PairedComparison, Rom, Rung, RungStatus, RunRecord
from .rows import mismatch_count

ROM_TOLERANCE = 0.05
"""How far the linked image may lie from its prediction."""


@dataclass(frozen=True)
class Check:
    """`group` and `name` are stable test ids; `passed` None = not run; `message` states the fact either way."""

    group: str
    name: str
    passed: bool | None
    message: str


def checks(record: RunRecord) -> list[Check]:
    """All checks of a run in the order in which a person wants to read them."""
    found = [_rung(rung) for rung in record.ladder]
    found.append(_bit_exact(record))
    found.append(_accuracy_kept(record.comparison))
    for name, image in (("baseline", record.baseline), ("compressed", record.compressed)):
        found.append(_fits(record, name, image))
        if image.rom.predicted is not None:
            found.append(_rom_predicted(name, image.rom, image.rom.predicted))
    found.append(
        Check(
            "size",
            "compressed image is smaller",
            record.compressed.rom.total < record.baseline.rom.total,
            f"ROM {record.baseline.rom.total:,} B baseline, {record.compressed.rom.total:,} B compressed",
        )
    )
    return found


def passed(record: RunRecord) -> bool:
    """Whether no check failed."""
    return all(check.passed is not False for check in checks(record))


def _rung(rung: Rung) -> Check:
    message = rung.compared
    if rung.status is not RungStatus.NOT_RUN:
        message += f": {rung.cases:,} cases"
        message += "" if rung.mismatches is None else f", {mismatch_count(rung.mismatches)}"
    state = {RungStatus.PASSED: True, RungStatus.FAILED: False, RungStatus.NOT_RUN: None}[rung.status]
    return Check("ladder", rung.name, state, message)


def _bit_exact(record: RunRecord) -> Check:
    exact = record.bit_exact
    if exact.clips == 0:
        return Check("target", "bit-exact", None, "no clip was streamed")
    message = f"{exact.clips - exact.mismatches:,} of {exact.clips:,} clips bit-exact"
    if exact.first_mismatch:
        message += f"; first mismatch: {exact.first_mismatch}"
    return Check("target", "bit-exact", exact.mismatches == 0, message)


def _accuracy_kept(comparison: PairedComparison | None) -> Check:
    if comparison is None:
        return Check("accuracy", "kept", None, "compressed was not compared with baseline")
    points = f"{100 * comparison.difference:+.2f} points (90 % interval {100 * comparison.lower:+.2f} to "
    points += f"{100 * comparison.upper:+.2f}), exact McNemar p = {comparison.mcnemar_p:.3g}"
    message = f"compressed − baseline on {comparison.split}: {points}; margin {100 * comparison.margin:.1f} points"
    return Check("accuracy", "kept", comparison.kept, message)


def _fits(record: RunRecord, name: str, image: ImageRecord) -> Check:
    board = record.board
    fits = image.rom.total <= board.flash_bytes and image.ram.total <= board.ram_bytes
    message = (
        f"ROM {image.rom.total:,} of {board.flash_bytes:,} B, RAM {image.ram.total:,} of {board.ram_bytes:,} B"
        f" on {board.name}"
    )
    return Check("size", f"{name} image fits", fits, message)


def _rom_predicted(name: str, rom: Rom, predicted: int) -> Check:
    error = rom.total / predicted - 1
    message = f"ROM {rom.total:,} B linked, {predicted:,} B predicted: {100 * error:+.2f} %"
    return Check("size", f"{name} ROM as predicted", abs(error) <= ROM_TOLERANCE, message)
