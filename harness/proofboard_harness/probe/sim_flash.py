"""Flash of a simulated board: memory that pyOCD erases and programs as flash, without code on the target."""

from __future__ import annotations

from typing import Any

from pyocd.flash.flash import Flash


class SimulatedFlash(Flash):
    """A flash algorithm whose operations are plain memory writes by the probe.

    pyOCD tells by the constructor that no algorithm has to be loaded: it must have no argument `flash_algo`.
    """

    def __init__(self, target: Any) -> None:
        super().__init__(target, None)
        self.is_valid = True

    @property
    def is_erase_all_supported(self) -> bool:
        return False

    def init(self, operation: Flash.Operation, address: int | None = None, clock: int = 0, reset: bool = False) -> None:
        """Stand still: code must not run from flash that changes."""
        self.target.halt()
        self._active_operation = operation

    def uninit(self) -> None:
        self._active_operation = None

    def cleanup(self) -> None:
        self.uninit()

    def erase_sector(self, address: int) -> None:
        self.target.write_memory_block8(address, bytes([self.region.erased_byte_value]) * self.region.sector_size)

    def program_page(self, address: int, bytes: Any) -> None:
        self.target.write_memory_block8(address, bytes)

    def program_phrase(self, address: int, bytes: Any) -> None:
        self.target.write_memory_block8(address, bytes)
