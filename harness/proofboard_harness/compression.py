"""Compression for a board: the linker it asks, the budgets the board allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import product
from .build import build_image, image_identity
from .elf import Image, sizes
from .errors import ConfigurationFault
from .events import EventBus
from .product import Application, Budgets, CompressedApplication, Dataset, Point, TrainedApplication
from .spec import BoardSpec, MemoryKind
from .stations import open_station

_WAITING = 1.5
"""Cycles of a decision where memories wait as an RA6E1's do at 200 MHz, over those where none does: the cycle model's
upper end of front ends and of networks of all kinds lies at 1.3 to 1.45 times the lower, here rounded up."""


@dataclass(frozen=True)
class Limits:
    """What a person asks for; None leaves it to the board and to the application.

    `rom` and `ram` in bytes, `latency` of one decision in milliseconds, `margin` of accuracy in points (%).
    """

    rom: int | None = None
    ram: int | None = None
    latency: float | None = None
    margin: float | None = None
    trials: int | None = None

    def applied(self, application: Application) -> Application:
        """The application with margin and trials set."""
        section = application.compress
        if self.margin is not None:
            if not 0 < self.margin < 100:
                raise ConfigurationFault(f"a margin of {self.margin} points", hint="give one between 0 and 100")
            section = dataclasses.replace(section, margin=self.margin / 100)
        if self.trials is not None:
            section = dataclasses.replace(section, trials=self.trials)
        return dataclasses.replace(application, compress=section)

    def budgets(self, board: BoardSpec, application: Application) -> Budgets:
        """The board's memories, and as much time as a window lasts, unless told otherwise."""
        return Budgets(
            self.rom or _size(board, MemoryKind.FLASH),
            self.ram or _size(board, MemoryKind.RAM),
            self.latency / 1e3 if self.latency else application.audio.window / application.audio.sample_rate,
        )


def _size(board: BoardSpec, kind: MemoryKind) -> int:
    return sum(region.size for region in board.memory if region.kind is kind)


@dataclass(frozen=True)
class BoardLinker:
    """Links images for one board; equal ones come from the cache of builds."""

    board: BoardSpec
    cache: Path

    @cached_property
    def identity(self) -> str:
        """Hash of firmware, board and compiler."""
        return image_identity(self.board.image_folder)

    @property
    def clock_hz(self) -> int:
        """Of the board's core."""
        return self.board.timing.clock_hz

    @property
    def waiting(self) -> float:
        """What waiting for memory may make of a time, as a factor."""
        waits = any(region.wait_states for region in self.board.memory)
        return _WAITING if waits else 1.0

    def link(self, generated: Mapping[str, str]) -> tuple[int, int]:
        """Bytes of flash and of RAM of the image."""
        build = build_image(generated, self.board.image_folder, cache=self.cache)
        linked = sizes(Image.load(build.product), self.board)
        return linked.rom_bytes, linked.ram_bytes


def compress_for(
    board: BoardSpec,
    application: Application,
    dataset: Dataset,
    trained: TrainedApplication,
    limits: Limits,
    bus: EventBus,
    *,
    watch: Callable[[Point], None] = lambda point: None,
    candidate: int | None = None,
) -> CompressedApplication:
    """The station between training and everything else."""
    with open_station(bus, "compress") as station:
        found = product.compress(
            application,
            dataset,
            trained,
            BoardLinker(board, product.cache_folder()),
            limits.budgets(board, application),
            progress=station,
            watch=watch,
            candidate=candidate,
        )
        graph = found.network.graph
        station.summary = f"{trained.baseline.macs:,} → {graph.macs:,} MACs, {graph.parameter_bytes:,} B of parameters"
        station.cached = found.cached
    return found
