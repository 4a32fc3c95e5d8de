"""What a benchmark makes of outputs and counts: wrong outputs stop it, bounds are judged, tables say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from proofboard_harness.benchmarks import kernels
from proofboard_harness.benchmarks.bare_image import Case, compile_flags, main_source
from proofboard_harness.benchmarks.bare_run import CaseResult
from proofboard_harness.benchmarks.kernels import KernelRow, Must
from proofboard_harness.errors import TargetFault
from proofboard_harness.product import Subject, kernel_subjects
from proofboard_harness.simulator.cycle_tree import CallTree, Counts

SUBJECT = next(subject for subject in kernel_subjects() if subject.name == "dense_8_32_16")


def result(output: bytes, cycles: int) -> CaseResult:
    tree = CallTree("case", 0, 1, Counts(cycles - 10, cycles, 2 * cycles, 100, 10), {}, ())
    return CaseResult(output, tree, 700, 400)


def row(ours: int, theirs: int, subject: Subject = SUBJECT) -> KernelRow:
    output = subject.reference().tobytes()
    return kernels._row(subject, result(output, ours), result(output, theirs), result(output, theirs))


def test_wrong_output_stops_the_benchmark() -> None:
    output = SUBJECT.reference().copy()
    output[5] += 1
    with pytest.raises(TargetFault, match="1 of 16 outputs are not the reference's; first at 5") as caught:
        kernels._row(SUBJECT, result(output.tobytes(), 100), None, None)
    assert caught.value.where == SUBJECT.title


def test_outputs_of_the_other_library_are_counted() -> None:
    reference = SUBJECT.reference()
    other = reference.astype(np.int64)
    other[3] += 2
    other[7] += 1
    theirs = result(other.astype(np.int8).tobytes(), 200)
    found = kernels._row(SUBJECT, result(reference.tobytes(), 100), theirs, None)
    assert (found.outputs, found.differing, found.largest) == (16, 2, 2)


def test_sides_are_per_multiply_accumulate_and_without_the_input() -> None:
    side = row(1024, 2048).ours
    assert side.cycles_per_mac == 2.0
    assert side.board_cycles_per_mac == 4.0
    assert side.instructions_per_mac == 1014 / 512
    assert (side.constant_bytes, side.code_bytes) == (700 - 32, 400)


@pytest.mark.parametrize(("cycles", "met"), [(1126, True), (1127, False)])
def test_absolute_bound(cycles: int, met: bool) -> None:
    assert row(cycles, 5000).must == Must(2.2, relative=False)
    assert row(cycles, 5000).must_is_met is met


@pytest.mark.parametrize(("cycles", "met"), [(700, True), (701, False)])
def test_relative_bound(cycles: int, met: bool) -> None:
    must, found = Must(0.7, relative=True), row(cycles, 1000)
    assert must.met(found.ours, found.theirs) is met
    assert not must.met(found.ours, None)
    assert str(must) == "≤ 0.70 × CMSIS-NN"


def test_table_tells_what_is_missed_and_what_is_not_there() -> None:
    missed, without = row(1200, 2000), replace(row(1000, 2000), name="other", theirs=None, fastest=None)
    cells = kernels._kernel_table([missed, without]).rows
    assert cells[0][-2:] == ("0.60", "≤ 2.20: MISSED")
    assert cells[1][4:] == ("not in the package", "–", "–", "–", "")
    assert kernels._size_table([missed, without]).rows[1][3:] == ("–", "–")


def test_main_prepares_runs_and_sends_in_order() -> None:
    text = main_source([Case("first", 3), Case("second", 4, "second__prepare")])
    body = text.partition("int main(void) {")[2]
    calls = ["first();", "send(first__output, 3u);", "second__prepare();", "second();", "send(second__output, 4u);"]
    places = [body.index(f" {call}") for call in calls]
    assert places == sorted(places)


def test_flags_are_those_of_the_firmware() -> None:
    flags = compile_flags()
    for flag in ("-mcpu=cortex-m33", "-O2", "-Werror", "-ffreestanding", "-ffp-contract=off"):
        assert flag in flags
