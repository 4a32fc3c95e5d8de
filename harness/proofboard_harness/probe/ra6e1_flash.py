"""pyOCD's code flash of an RA6E1, by our algorithm: from a known state, and with errors that say what they mean.

Flags of FSTATR: Renesas FSP 6.3.1, R7FA6E10F.h. Codes: `firmware/flash_algorithm/ra6e1/algorithm.h`.
"""

from __future__ import annotations

from typing import Any

from pyocd.core import exceptions
from pyocd.core.target import Target
from pyocd.flash.flash import Flash
from pyocd.utility.timeout import Timeout

CODE_FLASH_BYTES = 0x10_0000

_CODES = {
    1: "the address is outside code flash",
    2: "the address or the size is not aligned",
    3: "FENTRYR did not follow: the flash did not enter or leave programming mode",
    4: "FSTATR.FRDY or DBFULL did not follow in time",
    5: "the block could not be erased",
    6: "the page could not be programmed",
    7: "the flash took the command for an illegal one",
    8: "what reads back is not what was programmed",
}
_FLAGS = {
    6: "FLWEERR", 8: "PRGSPD", 9: "ERSSPD", 10: "DBFULL", 11: "SUSRDY", 12: "PRGERR", 13: "ERSERR", 14: "ILGLERR",
    15: "FRDY", 20: "OTERR", 21: "SECERR", 22: "FESETERR", 23: "ILGCOMERR",
}  # fmt: skip


def describe(result: int) -> str:
    """What a result of the algorithm means, with the names of the flags that were set."""
    status = result >> 8
    flags = " ".join(name for bit, name in _FLAGS.items() if status >> bit & 1)
    meaning = _CODES.get(result & 0xFF, f"unknown error {result & 0xFF}")
    return f"{meaning} (FSTATR: {flags})" if flags else meaning


class Ra6e1Flash(Flash):
    """A `pyocd.flash.Flash` whose `flash_algo` was made by `build_algorithm("ra6e1")`."""

    def __init__(self, target: Any, flash_algo: dict[str, Any]) -> None:
        super().__init__(target, flash_algo)
        self._address: int | None = None

    def prepare_target(self) -> None:
        """From reset: clocks and caches are known, and no DMA writes to the RAM that the algorithm is put into.

        pyOCD's own `reset_and_halt` would warn of an invalid vector table, which is what an erased flash has.
        """
        core = self.target.selected_core_or_raise
        core.set_reset_catch()
        core.reset()
        with Timeout(self.target.session.options.get("reset.halt_timeout"), sleeptime=0.01) as timeout:
            while timeout.check() and core.get_state() is not Target.State.HALTED:
                pass
        core.clear_reset_catch()
        core.halt()

    def erase_sector(self, address: int) -> None:
        """Erase the block that begins at `address`. Raises FlashFailure."""
        self._demand_code_flash(address, 1)
        super().erase_sector(address)

    def program_page(self, address: int, bytes: Any) -> None:
        """Program erased flash from `address` on. Raises FlashFailure."""
        self._demand_code_flash(address, len(bytes))
        super().program_page(address, bytes)

    def program_phrase(self, address: int, bytes: Any) -> None:
        """The same for part of a page."""
        self._demand_code_flash(address, len(bytes))
        super().program_phrase(address, bytes)

    def start_program_page_with_buffer(self, buffer_number: int, address: int) -> None:
        """Begin to program what a buffer holds. Raises FlashFailure."""
        self._demand_code_flash(address, self.region.page_size)
        super().start_program_page_with_buffer(buffer_number, address)

    def wait_for_completion(self, timeout: float | None = None) -> int:
        """0, or TIMEOUT_ERROR, of the function that was called last.

        Raises:
            FlashFailure: it says what went wrong.
        """
        result: int = super().wait_for_completion(timeout)
        if result not in (0, self.TIMEOUT_ERROR):
            raise exceptions.FlashFailure(describe(result), address=self._address, result_code=result)
        return result

    def _demand_code_flash(self, address: int, size: int) -> None:
        """The algorithm checks it as well: this keeps even a wrong one away from option-setting memory."""
        if not 0 <= address <= address + size <= CODE_FLASH_BYTES:
            raise exceptions.FlashFailure("nothing outside code flash is ever erased or programmed", address=address)
        self._address = address
