"""Bare images on the simulator, and the benchmarks that are built on them."""

from __future__ import annotations

from pathlib import Path

import pytest
from proofboard_harness.benchmarks import frontend, kernels
from proofboard_harness.benchmarks.bare_image import Case, Unit, firmware_unit
from proofboard_harness.benchmarks.bare_run import CaseResult, run_cases
from proofboard_harness.benchmarks.cmsis_sources import CmsisSources, fetch_sources
from proofboard_harness.errors import FirmwareFault, TargetFault
from proofboard_harness.product import cache_folder, kernel_subjects

_SOURCE = """#include <stdint.h>
static const uint8_t %(name)s__table[100] = {7, 9};
static volatile uint32_t %(name)s__index;
uint8_t %(name)s__output[2];
void %(name)s(void);
void %(name)s__prepare(void);
void %(name)s__prepare(void) {
    for (uint32_t i = 0; i < 1000; i++) {
        %(name)s__index = i & 1u;
    }
}
void %(name)s(void) {
    for (uint32_t i = 0; i < %(loops)d; i++) {
        %(name)s__index = %(name)s__index;
    }
    %(name)s__output[0] = %(name)s__table[%(name)s__index - 1u];
    %(name)s__output[1] = %(name)s__table[%(name)s__index];
}
"""


def run_small(folder: Path, *loops: int) -> list[CaseResult]:
    cases = [Case(f"small_{count}", 2, f"small_{count}__prepare") for count in loops]
    files = []
    for case, count in zip(cases, loops, strict=True):
        files.append(folder / f"{case.name}.c")
        files[-1].write_text(_SOURCE % {"name": case.name, "loops": count}, encoding="utf-8")
    results = run_cases([firmware_unit(), Unit(files)], cases, folder / "build")
    return [results[case.name] for case in cases]


def test_case_leaves_its_output_and_only_itself_is_counted(tmp_path: Path) -> None:
    few, many = run_small(tmp_path, 10, 110)
    assert few.output == many.output == bytes([7, 9])
    assert few.counts.instructions < 100
    per_loop = (many.counts.instructions - few.counts.instructions) / 100
    assert per_loop == round(per_loop)
    assert 4 <= per_loop <= 6
    assert few.counts.instructions <= few.counts.low <= few.counts.high
    assert few.constant_bytes == many.constant_bytes == 100
    assert 40 < few.code_bytes < 200


def test_counts_are_the_same_every_time(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first, second = (run_small(tmp_path / name, 25)[0] for name in ("first", "second"))
    assert first.counts == second.counts


def test_case_that_faults_is_named(tmp_path: Path) -> None:
    source = tmp_path / "bad.c"
    source.write_text(
        "#include <stdint.h>\nvoid bad(void);\nuint8_t bad__output[1];\n"
        'void bad(void) {\n    __asm volatile("udf #0");\n}\n'
    )
    with pytest.raises(TargetFault) as caught:
        run_cases([firmware_unit(), Unit([source])], [Case("bad", 1)], tmp_path / "build")
    assert "bad" in caught.value.hint


def test_source_that_does_not_compile_is_one_error(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("int unused_result = nothing;\n")
    with pytest.raises(FirmwareFault, match=r"compiling wrong\.c failed"):
        run_cases([Unit([source])], [], tmp_path / "build")


@pytest.fixture(scope="module")
def sources() -> CmsisSources:
    return fetch_sources(cache_folder())


@pytest.mark.slow
def test_kernels_beside_cmsis_nn(sources: CmsisSources, tmp_path: Path) -> None:
    subjects = [s for s in kernel_subjects() if s.name in ("dense_8_32_16", "dense_4_32_16", "conv_49_10_1_64_10_4")]
    dense, packed, conv = kernels.measure_rows(subjects, sources, tmp_path)
    assert packed.theirs is None
    for row in (dense, conv):
        assert row.theirs is not None
        assert row.largest <= 1
        assert row.differing < 0.02 * row.outputs
        assert row.theirs.constant_bytes > subjects[0].macs
    assert dense.ours.instructions_per_mac < dense.theirs.instructions_per_mac  # type: ignore[union-attr]


@pytest.mark.slow
def test_front_end_beside_cmsis_dsp(sources: CmsisSources, tmp_path: Path) -> None:
    report = frontend.bench_frontend(sources, tmp_path)
    for rows in report.figures.values():
        ours, *theirs = rows
        assert ours["rms_db"] < 0.1
        assert len(theirs) == 6
        (float_row, *_) = [row for row in theirs if "float32" in row["title"]]
        assert float_row["max_db"] < 0.001
        for row in theirs:
            assert set(row["stages"]) == set(frontend.STAGES)
            assert sum(row["stages"].values()) == pytest.approx(row["counts"]["low"], rel=0.02)
