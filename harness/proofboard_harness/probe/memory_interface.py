"""pyOCD's memory access, led to a GDB stub, with the core's debug registers acted out on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pyocd.core import exceptions
from pyocd.core.memory_interface import MemoryInterface

from .core_debug import CoreDebug
from .gdb_remote import GdbRemote
from .rsp import RspDisconnectedError, RspError, RspRefusedError, RspTimeoutError

_BKPT = 0xBE


@contextlib.contextmanager
def pyocd_errors() -> Iterator[None]:
    """Inside pyOCD, errors must be pyOCD's own: its callers catch no others."""
    try:
        yield
    except RspRefusedError as error:
        raise exceptions.TransferFaultError(error.seen) from error
    except RspTimeoutError as error:
        raise exceptions.TransferTimeoutError(str(error)) from error
    except RspDisconnectedError as error:
        raise exceptions.ProbeDisconnected(str(error)) from error
    except RspError as error:
        raise exceptions.ProbeError(str(error)) from error


class StubMemoryInterface(MemoryInterface):
    """Memory of the target as bytes, halfwords, words and blocks. pyOCD passes attributes of the bus: ignored."""

    def __init__(self, remote: GdbRemote, core: CoreDebug) -> None:
        self._remote = remote
        self._core = core

    def read_memory(
        self, addr: int, transfer_size: int = 32, now: bool = True, **_attributes: Any
    ) -> int | Callable[[], int]:
        """One value of 8, 16, 32 or 64 bits; with `now=False` a callable that gives it."""
        with pyocd_errors():
            value = int.from_bytes(self._read(addr, transfer_size // 8), "little")
        return value if now else lambda: value

    def write_memory(self, addr: int, data: int, transfer_size: int = 32, **_attributes: Any) -> None:
        """Write one value of 8, 16, 32 or 64 bits."""
        with pyocd_errors():
            if transfer_size == 16 and self._write_instruction(addr, data):
                return
            self._write(addr, data.to_bytes(transfer_size // 8, "little"))

    def read_memory_block32(self, addr: int, size: int, **_attributes: Any) -> list[int]:
        """`size` words from an aligned address."""
        with pyocd_errors():
            data = self._read(addr, 4 * size)
        return [int.from_bytes(data[offset : offset + 4], "little") for offset in range(0, len(data), 4)]

    def write_memory_block32(self, addr: int, data: Sequence[int], **_attributes: Any) -> None:
        """Write words to an aligned address."""
        with pyocd_errors():
            self._write(addr, b"".join(word.to_bytes(4, "little") for word in data))

    def read_memory_block8(self, addr: int, size: int, **_attributes: Any) -> list[int]:
        """`size` bytes from any address."""
        with pyocd_errors():
            return list(self._read(addr, size))

    def write_memory_block8(self, addr: int, data: Sequence[int], **_attributes: Any) -> None:
        """Write bytes to any address."""
        with pyocd_errors():
            self._write(addr, bytes(data))

    def _read(self, address: int, size: int) -> bytes:
        """Words that the core owns are acted out one by one; all else is one block."""
        if not self._core.owns(address):
            return self._remote.read_memory(address, size)
        first, end = address & ~3, address + size
        words = b"".join(self._core.read(at).to_bytes(4, "little") for at in range(first, end, 4))
        return words[address - first : end - first]

    def _write(self, address: int, data: bytes) -> None:
        if not self._core.owns(address):
            self._remote.write_memory(address, data)
            return
        for offset in range(0, len(data), 4):
            self._core.write(address + offset, int.from_bytes(data[offset : offset + 4], "little"))

    def _write_instruction(self, address: int, instruction: int) -> bool:
        """A halfword BKPT is a software breakpoint: QEMU aborts on a real one, so the stub keeps it instead.

        Returns whether the write is done with; the write that restores the instruction goes on to memory.
        """
        if instruction >> 8 == _BKPT:
            self._remote.insert_breakpoint(address)
            return True
        if self._remote.has_breakpoint(address):
            self._remote.remove_breakpoint(address)
        return False
