"""A station of the run: announced, advanced, finished, with its duration, on the event bus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from .events import EventBus, StationAdvanced, StationFinished, StationStarted
from .spec import BoardSpec, QemuSpec, VirtualSpec

STATIONS = {
    "data": ("Recordings", "files"),
    "train": ("Train", "steps"),
    "compress": ("Compress", "candidates"),
    "reference": ("Integer reference", "clips"),
    "host": ("C on this machine", "clips"),
    "build": ("Build images", "images"),
    "baseline": ("Baseline on the target", "clips"),
    "compressed": ("Compressed on the target", "clips"),
    "profile": ("Profile", "clips"),
    "report": ("Report", "files"),
}
"""Name to (title, unit), in the order of the path."""


def stations_of(board: BoardSpec) -> list[tuple[str, str]]:
    """(name, title) of the stations of a run on that board, in order: only these simulators count cycles."""
    counted = isinstance(board.simulator, QemuSpec | VirtualSpec)
    return [(name, title) for name, (title, _) in STATIONS.items() if counted or name != "profile"]


class Station:
    """What a step reports to; callable as the `Progress` of `proofboard_host`."""

    def __init__(self, bus: EventBus, name: str) -> None:
        self._bus = bus
        self._name = name
        self.summary = ""
        self.cached = False

    def __call__(self, done: int, total: int, detail: str = "") -> None:
        self._bus.publish(StationAdvanced(self._name, done, total, detail))


@contextmanager
def open_station(bus: EventBus, name: str) -> Iterator[Station]:
    """Run a station of `STATIONS`; set `summary` (and `cached`) on what this gives before leaving."""
    title, unit = STATIONS[name]
    bus.publish(StationStarted(name, title, unit))
    started = time.monotonic()
    station = Station(bus, name)
    yield station
    bus.publish(StationFinished(name, station.summary, time.monotonic() - started, station.cached))
