"""How fast others' accuracy runs fill their boards: from the logs that MLPerf Tiny publishes with its results."""

from __future__ import annotations

from dataclasses import dataclass

from .tables import BenchTable

_LINE = 115_200 / 10  # bytes a second
V07 = "https://github.com/mlcommons/tiny_results_v0.7"
V10 = "https://github.com/mlcommons/tiny_results_v1.0"


@dataclass(frozen=True)
class PublishedRun:
    """`download`: seconds of `seconds` in which data went to the board; `data_bytes` of it, where the log says so."""

    title: str
    seconds: int
    download: int
    source: str
    data_bytes: int | None = None

    @property
    def rate(self) -> float | None:
        """Bytes of data a second of download."""
        return None if self.data_bytes is None else self.data_bytes / self.download


RUNS = (
    PublishedRun("EK-RA6M4 (Renesas), M33", 14_020, 13_822, V07, 1000 * 27_648),
    PublishedRun("NUCLEO-U575ZI-Q (ST), M33", 7_800, 7_642, V10),
    PublishedRun("B-U585I-IOT02A (Plumerai), M33", 6_588, 6_467, V10),
)


def table() -> BenchTable:
    """For people."""
    columns = ("accuracy run, visual wake words", "seconds", "of it download", "kB/s", "of 115,200 baud")
    cells = tuple(
        (
            run.title,
            f"{run.seconds:,}",
            f"{100 * run.download / run.seconds:.1f} %",
            "" if run.rate is None else f"{run.rate / 1000:.1f}",
            "" if run.rate is None else f"{100 * run.rate / _LINE:.0f} %",
        )
        for run in RUNS
    )
    notes = (
        f"From the time stamps in the accuracy logs of {V07} and {V10}: another harness (EEMBC's runner, hexadecimal, "
        "stop and wait), other data; to be set beside the row of 115,200 baud above.",
    )
    return BenchTable("Published: MLPerf Tiny", columns, cells, notes)
