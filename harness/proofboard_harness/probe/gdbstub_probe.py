"""A pyOCD debug probe whose target is a simulator behind a GDB stub.

pyOCD is told of a debug port with one AHB access port; memory traffic goes round both by the memory interface.
Register layout: Arm Debug Interface Architecture Specification ADIv5.2 (IHI 0031).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pyocd.core import exceptions
from pyocd.probe.debug_probe import DebugProbe

from .core_debug import CPUID, CoreDebug
from .debug_ids import ROM_TABLE, CoreIdentity, identity_of
from .gdb_remote import GdbRemote
from .memory_interface import StubMemoryInterface, pyocd_errors
from .rsp import RspClient, RspError

RESET_COMMAND_OPTION = "gdbstub.reset_command"
DEFAULT_RESET_COMMAND = "system_reset"

_DPIDR, _CTRL_STAT = 0x0, 0x4
_POWER_UP_REQUESTS = (1 << 28) | (1 << 30)
_AP_CSW, _AP_CFG, _AP_BASE, _AP_IDR = 0x00, 0xF4, 0xF8, 0xFC
_CSW_DEVICE_ENABLED = 1 << 6
_CSW_SECURE_ENABLED = 1 << 23
_BASE_PRESENT = 0b11


class GdbStubProbe(DebugProbe):
    """Probe `gdbstub:HOST:PORT`."""

    @classmethod
    def get_all_connected_probes(
        cls, unique_id: str | None = None, is_explicit: bool = False
    ) -> Sequence[GdbStubProbe]:
        """Only a probe that was asked for by name: nobody's ports are tried."""
        probe = cls.get_probe_with_id(unique_id, is_explicit) if unique_id is not None else None
        return [probe] if probe is not None else []

    @classmethod
    def get_probe_with_id(cls, unique_id: str, is_explicit: bool = False) -> GdbStubProbe | None:
        """The probe for `HOST:PORT`, where the caller named the probe type."""
        host, _, port = unique_id.rpartition(":")
        if not is_explicit or not host or not port.isdecimal():
            return None
        return cls(host, int(port))

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._host = host
        self._port = port
        self._remote: GdbRemote | None = None
        self._identity: CoreIdentity | None = None
        self._core: CoreDebug | None = None
        self._protocol: DebugProbe.Protocol | None = None
        self._control = 0
        self._control_word = _CSW_DEVICE_ENABLED | _CSW_SECURE_ENABLED
        self._reset_asserted = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """A running core stands in between, so that several accesses stop it once."""
        assert self._remote is not None
        with pyocd_errors(), self._remote.held():
            yield

    @property
    def vendor_name(self) -> str:
        return "Proofboard"

    @property
    def product_name(self) -> str:
        return "GDB stub"

    @property
    def unique_id(self) -> str:
        return f"{self._host}:{self._port}"

    @property
    def supported_wire_protocols(self) -> list[DebugProbe.Protocol]:
        return [DebugProbe.Protocol.DEFAULT, DebugProbe.Protocol.SWD]

    @property
    def wire_protocol(self) -> DebugProbe.Protocol | None:
        return self._protocol

    @property
    def is_open(self) -> bool:
        return self._remote is not None

    @property
    def capabilities(self) -> set[DebugProbe.Capability]:
        capability = DebugProbe.Capability
        return {capability.MANAGED_AP_SELECTION, capability.MANAGED_DPBANKSEL, capability.BANKED_DP_REGISTERS}

    def open(self) -> None:
        """Connect to the stub, which halts the target, and find out which core it is."""
        reset_command = DEFAULT_RESET_COMMAND
        if self.session is not None:
            reset_command = self.session.options.get(RESET_COMMAND_OPTION) or DEFAULT_RESET_COMMAND
        with pyocd_errors():
            client = RspClient.connect(self._host, self._port)
            try:
                remote = GdbRemote(client, reset_command=reset_command)
                cpuid = int.from_bytes(remote.read_memory(CPUID, 4), "little")
            except RspError:
                client.close()
                raise
        identity = identity_of(cpuid)
        if identity is None:
            remote.close()
            raise exceptions.ProbeError(f"no debug identity is known for a core with CPUID {cpuid:#010x}")
        self._remote, self._identity, self._core = remote, identity, CoreDebug(remote, identity)

    def close(self) -> None:
        """Let go of the target: a running one runs on, a standing one stands."""
        remote, self._remote, self._core = self._remote, None, None
        if remote is not None:
            with pyocd_errors():
                remote.detach()

    def connect(self, protocol: DebugProbe.Protocol | None = None) -> None:
        """There is no wire, but pyOCD needs one of its two names for it."""
        self._protocol = DebugProbe.Protocol.SWD

    def disconnect(self) -> None:
        self._protocol = None

    def set_clock(self, frequency: float) -> None:
        """A TCP connection has no clock."""

    def reset(self) -> None:
        """As a pulse on the reset pin."""
        with pyocd_errors():
            self._opened_core().reset()

    def assert_reset(self, asserted: bool) -> None:
        """The reset happens when the pin is released: a stub can't hold a target in reset."""
        if self._reset_asserted and not asserted:
            self.reset()
        self._reset_asserted = asserted

    def is_reset_asserted(self) -> bool:
        return self._reset_asserted

    def read_dp(self, addr: int, now: bool = True) -> int | Callable[[], int]:
        """DPIDR and CTRL/STAT; a power-up request is granted at once."""
        value = 0
        if addr == _DPIDR:
            value = self._opened_identity().dpidr
        elif addr == _CTRL_STAT:
            requests = self._control & _POWER_UP_REQUESTS
            value = requests | (requests << 1)  # each acknowledge bit stands above its request
        return value if now else lambda: value

    def write_dp(self, addr: int, data: int) -> None:
        if addr == _CTRL_STAT:
            self._control = data

    def read_ap(self, addr: int, now: bool = True) -> int | Callable[[], int]:
        """Access port 0 is an AHB-AP; the others are absent."""
        value = self._access_port_register(addr)
        return value if now else lambda: value

    def write_ap(self, addr: int, data: int) -> None:
        if addr == _AP_CSW:
            self._control_word = data | _CSW_DEVICE_ENABLED | _CSW_SECURE_ENABLED

    def read_ap_multiple(
        self, addr: int, count: int = 1, now: bool = True
    ) -> Sequence[int] | Callable[[], Sequence[int]]:
        """The registers that are served do not change by being read."""
        values = [self._access_port_register(addr)] * count
        return values if now else lambda: values

    def write_ap_multiple(self, addr: int, values: Sequence[int]) -> None:
        for value in values:
            self.write_ap(addr, value)

    def get_memory_interface_for_ap(self, ap_address: Any) -> StubMemoryInterface:
        """What makes TAR and DRW of the access port superfluous."""
        return StubMemoryInterface(self._opened_remote(), self._opened_core())

    def _access_port_register(self, address: int) -> int:
        port, register = address >> 24, address & 0xFF
        registers = {
            _AP_IDR: self._opened_identity().ap_idr,
            _AP_CSW: self._control_word,
            _AP_CFG: 0,
            _AP_BASE: ROM_TABLE | _BASE_PRESENT,
        }
        return registers.get(register, 0) if port == 0 else 0

    def _opened_remote(self) -> GdbRemote:
        if self._remote is None:
            raise exceptions.ProbeError("the probe is not open")
        return self._remote

    def _opened_core(self) -> CoreDebug:
        if self._core is None:
            raise exceptions.ProbeError("the probe is not open")
        return self._core

    def _opened_identity(self) -> CoreIdentity:
        if self._identity is None:
            raise exceptions.ProbeError("the probe is not open")
        return self._identity
