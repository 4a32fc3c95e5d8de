"""The debug registers of a Armv7-M or Armv8-M core, acted out on a GDB stub.

A debugger halts, steps, resets and reads registers by writing words to the System Control Space; a stub wants
packets. Register layout: Armv8-M Architecture Reference Manual (DDI 0553), chapter D1.
"""

from __future__ import annotations

from .debug_ids import COMPONENT_SIZE, ROM_TABLE, SYSTEM_CONTROL_SPACE, CoreIdentity, component_words
from .gdb_remote import GdbRemote, StopReason

CPUID = 0xE000_ED00
AIRCR = 0xE000_ED0C
DFSR = 0xE000_ED30
DHCSR = 0xE000_EDF0
DCRSR = 0xE000_EDF4
DCRDR = 0xE000_EDF8
DEMCR = 0xE000_EDFC
_ACTED = frozenset((AIRCR, DFSR, DHCSR, DCRSR, DCRDR, DEMCR))

_FIRST_ID_REGISTER = SYSTEM_CONTROL_SPACE + 0xFBC
_DEBUG_KEY = 0xA05F
_VECTOR_KEY = 0x05FA
_SYSRESETREQ = 1 << 2
_C_DEBUGEN, _C_HALT, _C_STEP = 1 << 0, 1 << 1, 1 << 2
_S_REGRDY, _S_HALT, _S_RESET_ST = 1 << 16, 1 << 17, 1 << 25
_DFSR_HALTED, _DFSR_BKPT, _DFSR_VCATCH = 1 << 0, 1 << 1, 1 << 3
_VC_CORERESET = 1 << 0
_WRITE_REGISTER = 1 << 16

_FIRST_SINGLE, _LAST_SINGLE = 0x40, 0x5F
_CORE_REGISTERS = {number: f"r{number}" for number in range(13)} | {
    13: "sp",
    14: "lr",
    15: "pc",
    16: "xpsr",
    17: "msp",
    18: "psp",
    33: "fpscr",
}
_SPECIAL = 20
_SPECIAL_PARTS = (("primask", 0), ("basepri", 8), ("faultmask", 16), ("control", 24))


class CoreDebug:
    """Reads and writes the words of the ROM table and of the core's debug registers."""

    def __init__(self, remote: GdbRemote, core: CoreIdentity) -> None:
        self._remote = remote
        self._words = component_words(core)
        self._debug_enabled = 0
        self._catch = 0
        self._fault_status = 0
        self._transfer = 0
        self._reset_seen = False

    def owns(self, address: int) -> bool:
        """Whether the word at `address` is acted out here rather than read from the stub."""
        if address & ~3 in _ACTED:
            return True
        in_rom_table = ROM_TABLE <= address < ROM_TABLE + COMPONENT_SIZE
        return in_rom_table or _FIRST_ID_REGISTER <= address < SYSTEM_CONTROL_SPACE + COMPONENT_SIZE

    def read(self, address: int) -> int:
        """The 32-bit word at an address that this class owns."""
        if address == DHCSR:
            return self._read_status()
        if address == DFSR:
            self._note_stop()
            return self._fault_status
        if address == DCRDR:
            return self._transfer
        if address == DEMCR:
            return self._catch
        if address == AIRCR:
            return int.from_bytes(self._remote.read_memory(AIRCR, 4), "little")
        return self._words.get(address, 0)

    def write(self, address: int, value: int) -> None:
        """Act on a 32-bit write; identification registers ignore it."""
        if address == DHCSR and value >> 16 == _DEBUG_KEY:
            self._control(value)
        elif address == DFSR:
            self._fault_status &= ~value
        elif address == DCRSR:
            self._transfer_register(value)
        elif address == DCRDR:
            self._transfer = value
        elif address == DEMCR:
            self._catch = value
        elif address == AIRCR and value >> 16 == _VECTOR_KEY and value & _SYSRESETREQ:
            self.reset()

    def reset(self) -> None:
        """System reset; the core runs on unless the reset vector is to be caught."""
        self._remote.reset()
        self._reset_seen = True
        if self._catch & _VC_CORERESET:
            self._fault_status |= _DFSR_VCATCH
        else:
            self._remote.resume()

    def _read_status(self) -> int:
        status = self._debug_enabled | _S_REGRDY
        if not self._remote.is_running():
            self._note_stop()
            status |= _S_HALT | _C_HALT
        if self._reset_seen:
            status |= _S_RESET_ST
            self._reset_seen = False
        return status

    def _note_stop(self) -> None:
        """The stub's reason becomes a bit of DFSR once, as the core would set it."""
        if not self._remote.is_running() and self._remote.stop_reason is StopReason.BREAKPOINT:
            self._fault_status |= _DFSR_BKPT
            self._remote.stop_reason = StopReason.REQUEST

    def _control(self, value: int) -> None:
        self._debug_enabled = value & _C_DEBUGEN
        if not self._debug_enabled:
            self._remote.resume()
        elif value & _C_HALT:
            if self._remote.is_running():
                self._remote.halt()
                self._fault_status |= _DFSR_HALTED
        elif value & _C_STEP:
            self._remote.step()
            self._remote.stop_reason = StopReason.REQUEST
            self._fault_status |= _DFSR_HALTED
        else:
            self._remote.resume()

    def _transfer_register(self, selector: int) -> None:
        number = selector & 0x7F
        if selector & _WRITE_REGISTER:
            self._write_register(number, self._transfer)
        else:
            self._transfer = self._read_register(number)

    def _stub_name(self, number: int) -> str | None:
        name = _CORE_REGISTERS.get(number, "")
        if name == "msp" and name not in self._remote.registers:
            # QEMU 7.2 shows only the stack pointer in use: the main one from reset on.
            name = "sp"
        return name if name in self._remote.registers else None

    def _read_register(self, number: int) -> int:
        """Registers that the stub does not show read as zero."""
        if _FIRST_SINGLE <= number <= _LAST_SINGLE:
            double, shift = self._double_of(number)
            return (self._remote.read_register(double) >> shift) & 0xFFFF_FFFF if double else 0
        if number == _SPECIAL:
            shown = [(name, shift) for name, shift in _SPECIAL_PARTS if name in self._remote.registers]
            return sum((self._remote.read_register(name) & 0xFF) << shift for name, shift in shown)
        name = self._stub_name(number)
        return self._remote.read_register(name) & 0xFFFF_FFFF if name else 0

    def _write_register(self, number: int, value: int) -> None:
        if _FIRST_SINGLE <= number <= _LAST_SINGLE:
            double, shift = self._double_of(number)
            if double:
                other = self._remote.read_register(double) & (0xFFFF_FFFF << (32 - shift))
                self._remote.write_register(double, other | (value << shift))
            return
        if number == _SPECIAL:
            for part, shift in _SPECIAL_PARTS:
                if part in self._remote.registers:
                    self._remote.write_register(part, (value >> shift) & 0xFF)
            return
        name = self._stub_name(number)
        if name:
            self._remote.write_register(name, value)

    def _double_of(self, number: int) -> tuple[str, int]:
        """S registers are halves of D registers: the even one is the low half."""
        index = number - _FIRST_SINGLE
        name = f"d{index // 2}"
        return (name if name in self._remote.registers else ""), 32 * (index % 2)
