"""The identification registers that a debugger finds in a Cortex-M: what a GDB stub can't serve.

Public sources: Arm CoreSight Architecture Specification (IHI 0029), part B for PIDR and CIDR; Arm Debug Interface
Architecture Specification ADIv5.2 (IHI 0031) for DPIDR and AP IDR; the technical reference manuals of the cores.
"""

from __future__ import annotations

from dataclasses import dataclass

ROM_TABLE = 0xE00F_F000
SYSTEM_CONTROL_SPACE = 0xE000_E000
COMPONENT_SIZE = 0x1000

_ARM_JEP106_CONTINUATION = 0x4
_ARM_JEP106_IDENTITY = 0x3B
_CLASS_ROM_TABLE = 0x1
_ENTRY_PRESENT = 0b11  # present, 32-bit format


@dataclass(frozen=True)
class CoreIdentity:
    """One core type. `component_class` and `scs_part` identify its System Control Space, `ap_idr` its access port."""

    scs_part: int
    component_class: int
    devarch: int
    rom_part: int
    dpidr: int
    ap_idr: int


_CORTEX_M33 = CoreIdentity(
    scs_part=0xD21, component_class=0x9, devarch=0x4770_2A04, rom_part=0x4C9, dpidr=0x6BA0_2477, ap_idr=0x1477_0015
)
_CORTEX_M4 = CoreIdentity(
    scs_part=0x00C, component_class=0xE, devarch=0, rom_part=0x4C4, dpidr=0x2BA0_1477, ap_idr=0x2477_0011
)
_CORES = {0xD21: _CORTEX_M33, 0xC24: _CORTEX_M4}


def identity_of(cpuid: int) -> CoreIdentity | None:
    """The identity for a CPUID value, by its part number (bits 15:4); None for a core that isn't known here."""
    return _CORES.get((cpuid >> 4) & 0xFFF)


def component_words(core: CoreIdentity) -> dict[int, int]:
    """Address → word of every identification register that is not zero, and of the ROM table's one entry."""
    words = {ROM_TABLE: ((SYSTEM_CONTROL_SPACE - ROM_TABLE) & 0xFFFF_F000) | _ENTRY_PRESENT}
    words |= _identification(ROM_TABLE, core.rom_part, _CLASS_ROM_TABLE)
    words |= _identification(SYSTEM_CONTROL_SPACE, core.scs_part, core.component_class)
    words[SYSTEM_CONTROL_SPACE + 0xFBC] = core.devarch
    return words


def _identification(base: int, part: int, component_class: int) -> dict[int, int]:
    """PIDR4 at 0xFD0, PIDR0..3 at 0xFE0, CIDR0..3 at 0xFF0."""
    return {
        base + 0xFD0: _ARM_JEP106_CONTINUATION,
        base + 0xFE0: part & 0xFF,
        base + 0xFE4: ((_ARM_JEP106_IDENTITY & 0xF) << 4) | (part >> 8),
        base + 0xFE8: 0x8 | (_ARM_JEP106_IDENTITY >> 4),
        base + 0xFF0: 0x0D,
        base + 0xFF4: component_class << 4,
        base + 0xFF8: 0x05,
        base + 0xFFC: 0xB1,
    }
