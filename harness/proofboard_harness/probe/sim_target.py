"""pyOCD targets for simulated boards, made from their board files."""

from __future__ import annotations

import logging
from typing import Any

from pyocd.core.memory_map import FlashRegion, MemoryMap, RamRegion
from pyocd.coresight.coresight_target import CoreSightTarget
from pyocd.target import TARGET

from ..boards import known_boards, load_board
from ..errors import ConfigurationFault
from ..spec import BoardSpec, MemoryKind, MemoryRegion
from .sim_flash import SimulatedFlash

_LOG = logging.getLogger(__name__)


def register_simulated_target(spec: BoardSpec) -> None:
    """Make `spec.pyocd_target` a target that pyOCD's `-t` and `target_override` accept."""

    class SimulatedTarget(CoreSightTarget):
        VENDOR = "Proofboard"

        def __init__(self, session: Any) -> None:
            super().__init__(session, MemoryMap(*(_pyocd_region(region) for region in spec.memory)))

    TARGET[spec.pyocd_target] = SimulatedTarget


def register_simulated_targets() -> None:
    """Register every shipped simulated board. A broken board file is logged: pyOCD must go on for other boards."""
    for name in known_boards():
        try:
            spec = load_board(name)
        except ConfigurationFault as error:
            _LOG.warning("board %s is left out: %s", name, error)
            continue
        if spec.simulator is not None:
            register_simulated_target(spec)


def _pyocd_region(region: MemoryRegion) -> FlashRegion | RamRegion:
    if region.kind is MemoryKind.RAM:
        return RamRegion(name=region.name, start=region.start, length=region.size)
    return FlashRegion(
        name=region.name,
        start=region.start,
        length=region.size,
        blocksize=region.erase_block,
        page_size=region.program_page,
        erased_byte_value=region.erased,
        flash_class=SimulatedFlash,
        is_boot_memory=True,
    )
