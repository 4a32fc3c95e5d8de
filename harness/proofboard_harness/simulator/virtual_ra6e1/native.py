"""The native half: hooks in C that count instructions or cycles, compiled on first use."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from unicorn import unicorn_const as constants
from unicorn.unicorn_py3 import unicorn as binding

from ...errors import BenchFault
from ..cycle_build import build_library, sources_folder

_SHARED = ("block.c", "it_places.c", "memory.c", "memory_allocation.c", "pipeline.c")
_SERVICE = ctypes.CFUNCTYPE(None)


class _Clock(ctypes.Structure):
    """`pb_virtual_clock` of core.h."""

    _fields_ = (
        ("cycles", ctypes.c_uint64),
        ("instructions", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("service", _SERVICE),
        ("read", ctypes.c_void_p),
        ("read_register", ctypes.c_void_p),
        ("write_register", ctypes.c_void_p),
    )


def native_sources() -> tuple[list[Path], list[Path]]:
    """The C files of the library, and the folders of their headers."""
    own = Path(str(resources.files(__package__))) / "native"
    shared = sources_folder()
    files = [*sorted(own.glob("*.c")), *sorted(shared.glob("decode*.c")), *(shared / name for name in _SHARED)]
    return files, [own, shared]


class NativeCore:
    """Time of a core whose blocks are counted in C.

    Args:
        service: called within the run when `cycles` has reached `deadline`; must set a later one.
        modelled: whether cycles are those of the model rather than one an instruction.
    """

    def __init__(self, service: Callable[[], None], *, modelled: bool) -> None:
        files, folders = native_sources()
        self._library: Any = ctypes.CDLL(str(build_library("virtual-core", files, folders)))
        for name in ("pb_virtual_core_new", "pb_virtual_core_clock"):
            getattr(self._library, name).restype = ctypes.c_void_p
        self.modelled = modelled
        self._core = ctypes.c_void_p(self._library.pb_virtual_core_new(modelled))
        self._clock = ctypes.cast(
            ctypes.c_void_p(self._library.pb_virtual_core_clock(self._core)), ctypes.POINTER(_Clock)
        ).contents
        self._clock.service = _SERVICE(service)
        self._clock.read = _address_of(binding.uclib.uc_mem_read)
        self._clock.read_register = _address_of(binding.uclib.uc_reg_read)
        self._clock.write_register = _address_of(binding.uclib.uc_reg_write)
        self._hooks: list[ctypes.c_size_t] = []

    @property
    def cycles(self) -> int:
        """Cycles since power-on, those skipped included."""
        return int(self._clock.cycles)

    @property
    def instructions(self) -> int:
        """Instructions since power-on."""
        return int(self._clock.instructions)

    def skip_to(self, cycles: int) -> None:
        """Let time pass without instructions."""
        self._clock.cycles = cycles

    def set_deadline(self, cycles: int) -> None:
        """When `service` is called next."""
        self._clock.deadline = cycles

    def forget(self) -> None:
        """The code in memory may have changed."""
        self._library.pb_virtual_core_forget(self._core)

    def attach(self, engine: binding.Uc, memories: list[tuple[int, int]]) -> None:
        """Count what `engine` executes. `memories`: start and size of those whose waits are modelled."""
        if not self.modelled:
            self._hook(engine, constants.UC_HOOK_BLOCK, "pb_virtual_on_block_fast", 1, 0)
            return
        self._hook(engine, constants.UC_HOOK_BLOCK, "pb_virtual_on_block_modelled", 1, 0)
        for start, size in memories:
            self._library.pb_virtual_core_add_region(self._core, start, start + size - 1)
        kinds = constants.UC_HOOK_MEM_READ | constants.UC_HOOK_MEM_WRITE
        self._hook(engine, kinds, "pb_virtual_on_access", 1, 0)

    def set_waits(self, memory: int, wait_states: int, *, cached: bool) -> None:
        """What an access to a memory waits, by its place in `attach`; behind the cache, only where a line misses."""
        self._library.pb_virtual_core_set_waits(self._core, memory, wait_states, cached)

    def set_cache(self, lines: int, line_bytes: int, fill_cycles: int) -> None:
        """The cache, empty afterwards; `lines` and `line_bytes` are powers of two."""
        self._library.pb_virtual_core_set_cache(self._core, lines, line_bytes.bit_length() - 1, fill_cycles)

    def _hook(self, engine: binding.Uc, kinds: int, function: str, first: int, last: int) -> None:
        """The binding takes Python functions only: this calls what it calls, with one of C."""
        handle = ctypes.c_size_t()
        callback = ctypes.cast(getattr(self._library, function), ctypes.c_void_p)
        bounds = ctypes.c_uint64(first), ctypes.c_uint64(last)
        status = binding.uclib.uc_hook_add(engine._uch, ctypes.byref(handle), kinds, callback, self._core, *bounds)
        if status != constants.UC_ERR_OK:
            raise BenchFault(f"Unicorn refuses a hook: error {status}", hint="install the version in constraints.txt")
        self._hooks.append(handle)


def _address_of(function: Any) -> int | None:
    return ctypes.cast(function, ctypes.c_void_p).value
