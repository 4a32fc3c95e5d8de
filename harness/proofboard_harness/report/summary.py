"""`summary.json`: the figures of a run for machines. docs/summary.md says what each key means."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from ..profile.figures import LayerCost
from .codec import write_whole
from .record import Cost, ImageRecord, Proportion, RunRecord, Score
from .verdict import checks, passed

SCHEMA_VERSION = 1


def write_summary(record: RunRecord, path: Path) -> None:
    """Write the summary of `record`.

    Raises:
        BenchFault: the file can't be written.
    """
    write_whole(path, json.dumps(summary_document(record), indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def summary_document(record: RunRecord) -> dict[str, Any]:
    """The document as plain dictionaries, lists, strings and numbers; None where a run didn't ask."""
    before, after = record.baseline, record.compressed
    return {
        "schema_version": SCHEMA_VERSION,
        "app": record.app,
        "board": record.board.name,
        "board_simulated": record.board.simulated,
        "board_chip": record.board.chip,
        "made_at": record.made_at,
        "seconds": record.seconds,
        "passed": passed(record),
        "images": {
            "built_for": record.board.image_of,
            "baseline": _image(before),
            "compressed": _image(after),
        },
        "clips": {"kfold": record.clips_kfold, "field": record.clips_field},
        "bit_exact": {
            "clips": record.bit_exact.clips,
            "mismatches": record.bit_exact.mismatches,
            "first_mismatch": record.bit_exact.first_mismatch,
        },
        "accuracy": {
            "kfold": {"baseline": before.kfold.host.value, "compressed": after.kfold.host.value},
            "field": {"baseline": before.field.host.value, "compressed": after.field.host.value},
        },
        "accuracy_interval": {
            "method": record.interval_method,
            "kfold": {"baseline": _interval(before.kfold.host), "compressed": _interval(after.kfold.host)},
            "field": {"baseline": _interval(before.field.host), "compressed": _interval(after.field.host)},
        },
        "accuracy_target": {"baseline": _target(before.field), "compressed": _target(after.field)},
        "recall": {
            "positive": record.positive,
            "kfold": {"baseline": _share(before.kfold.recall_host), "compressed": _share(after.kfold.recall_host)},
            "field": {"baseline": _share(before.field.recall_host), "compressed": _share(after.field.recall_host)},
        },
        "accuracy_kept": _comparison(record),
        "search": _search(record),
        "rom_bytes": {"baseline": before.rom.total, "compressed": after.rom.total, "fixed": after.rom.fixed},
        "rom_parts": {"baseline": _rom(before), "compressed": _rom(after)},
        "ram_bytes": {"baseline": before.ram.total, "compressed": after.ram.total},
        "stack_bytes": {"baseline": _stack(before), "compressed": _stack(after)},
        "macs": {"baseline": before.macs, "compressed": after.macs},
        "cost": {"frontend": _cost(after.frontend), "network": _cost(after.network)},
        "cost_baseline": {"frontend": _cost(before.frontend), "network": _cost(before.network)},
        "profile": {"baseline": _profile(before), "compressed": _profile(after)},
        "link": {
            "bytes": record.link.bytes,
            "seconds": record.link.seconds,
            "retransmits": record.link.retransmits,
            "crc_errors": record.link.crc_errors,
            "lanes": record.link.lanes,
            "resets": record.link.resets,
            "reconnects": record.link.reconnects,
            "restarts": record.link.restarts,
            "injected": record.link.injected,
            "bytes_per_second": record.link.bytes_per_second,
        },
        "ladder": [
            {
                "name": rung.name,
                "compared": rung.compared,
                "cases": rung.cases,
                "mismatches": rung.mismatches,
                "status": rung.status.value,
            }
            for rung in record.ladder
        ],
        "checks": [
            {"group": check.group, "name": check.name, "passed": check.passed, "message": check.message}
            for check in checks(record)
        ],
        "tools": dict(record.tools),
    }


def _image(image: ImageRecord) -> dict[str, str]:
    return {"build_id": image.build_id, "model_hash": image.model_hash, "elf_sha256": image.elf_sha256}


def _interval(share: Proportion) -> list[float]:
    return [share.lower, share.upper]


def _share(share: Proportion | None) -> float | None:
    return None if share is None else share.value


def _target(score: Score) -> dict[str, float | int | None]:
    """The target's share beside the host's over the same clips."""
    return {
        "clips": None if score.target is None else score.target.total,
        "target": _share(score.target),
        "host": _share(score.host_streamed),
    }


def _comparison(record: RunRecord) -> dict[str, Any] | None:
    kept = record.comparison
    if kept is None:
        return None
    return {
        "split": kept.split,
        "difference": kept.difference,
        "interval": [kept.lower, kept.upper],
        "mcnemar_p": kept.mcnemar_p,
        "margin": kept.margin,
        "kept": kept.kept,
    }


def _search(record: RunRecord) -> dict[str, Any] | None:
    found = record.search
    if found is None:
        return None
    return {
        "deployed": found.deployed,
        "seconds": found.seconds,
        "candidates": [dataclasses.asdict(candidate) for candidate in found.candidates],
    }


def _rom(image: ImageRecord) -> dict[str, Any]:
    rom = image.rom
    return {
        "fixed": rom.fixed,
        "weights": rom.weights,
        "other": rom.other,
        "predicted": rom.predicted,
        "sections": {part.name: part.bytes for part in rom.sections},
        "layers": {part.name: part.bytes for part in rom.layers},
    }


def _stack(image: ImageRecord) -> dict[str, int]:
    return {"reserved": image.ram.stack_reserved, "high_water": image.ram.stack_high_water}


def _cost(cost: Cost) -> dict[str, Any]:
    return {
        "predicted": cost.predicted,
        "target": cost.target,
        "unit": cost.unit,
        "source": cost.source.value,
        "interval": None if cost.lower is None or cost.upper is None else [cost.lower, cost.upper],
        "instructions": cost.instructions,
        "error": cost.error,
    }


def _profile(image: ImageRecord) -> dict[str, Any] | None:
    profile = image.profile
    if profile is None:
        return None
    return {
        "clips": profile.clips,
        "source": profile.source.value,
        "clock_hz": profile.clock_hz,
        "milliseconds": dataclasses.asdict(profile.times),
        "stages": [_layer(cost) for cost in profile.stages],
        "layers": [_layer(cost) for cost in profile.layers],
    }


def _layer(cost: LayerCost) -> dict[str, Any]:
    return {
        "name": cost.name,
        "operator": cost.kind,
        "calls": cost.calls,
        "macs": cost.macs,
        "predicted": cost.predicted,
        "error": cost.error,
        "cycles": cost.cycles.low,
        "cycles_with_waits": cost.cycles.high,
        "instructions": cost.cycles.instructions,
        "bytes_read": cost.cycles.bytes_read,
    }
