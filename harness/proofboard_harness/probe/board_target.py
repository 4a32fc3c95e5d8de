"""pyOCD targets made from board files: of simulated boards, and of those whose flash algorithm is ours."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pyocd.core.memory_map import FlashRegion, MemoryMap, RamRegion
from pyocd.coresight.coresight_target import CoreSightTarget
from pyocd.target import TARGET

from ..boards import known_boards, load_board
from ..errors import ConfigurationFault
from ..spec import BoardSpec, MemoryKind, MemoryRegion
from .flash_algorithm import PAGE_BYTES, build_algorithm
from .ra6e1_flash import Ra6e1Flash
from .sim_flash import SimulatedFlash

_FLASH_CLASSES = {"ra6e1": Ra6e1Flash}
_LOG = logging.getLogger(__name__)


def register_board_target(spec: BoardSpec) -> None:
    """Make `spec.pyocd_target` a target that pyOCD's `-t` and `target_override` accept."""

    class BoardTarget(CoreSightTarget):
        VENDOR = "Proofboard"
        PART_NUMBER = spec.mcu

        def __init__(self, session: Any) -> None:
            super().__init__(session, MemoryMap(*_pyocd_regions(spec)))

    TARGET[spec.pyocd_target] = BoardTarget


def register_board_targets() -> None:
    """Register every shipped board that brings its target. A broken board file is logged: pyOCD must go on."""
    for name in known_boards():
        try:
            spec = load_board(name)
        except ConfigurationFault as error:
            _LOG.warning("board %s is left out: %s", name, error)
            continue
        if spec.brings_target:
            register_board_target(spec)


def _pyocd_regions(spec: BoardSpec) -> list[FlashRegion | RamRegion]:
    ram = next(region for region in spec.memory if region.kind is MemoryKind.RAM)
    names = {region.algorithm for region in spec.memory if region.algorithm}
    algorithms = {name: build_algorithm(name).at(ram.start) for name in names}
    return [
        RamRegion(name=region.name, start=region.start, length=region.size)
        if region.kind is MemoryKind.RAM
        else _flash_region(region, algorithms)
        for region in spec.memory
    ]


def _flash_region(region: MemoryRegion, algorithms: Mapping[str, dict[str, Any]]) -> FlashRegion:
    how: dict[str, Any] = {"page_size": region.program_page, "flash_class": SimulatedFlash}
    if region.algorithm:
        how = {
            "page_size": PAGE_BYTES,
            "flash_class": _FLASH_CLASSES[region.algorithm],
            "algo": algorithms[region.algorithm],
        }
    return FlashRegion(
        name=region.name,
        start=region.start,
        length=region.size,
        blocksize=region.erase_block,
        erased_byte_value=region.erased,
        is_boot_memory=True,
        **how,
    )
