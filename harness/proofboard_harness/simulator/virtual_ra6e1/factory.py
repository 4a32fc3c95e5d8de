"""Factory data, which can be read, and option-setting memory, which must never be written.

Addresses: Renesas FSP 6.3.1, mcu/ra6e1/bsp_feature.h. The values are those of a virtual chip.
"""

from __future__ import annotations

from . import memory_map as map_
from .registers import Bus, Read, Register

_PART_NUMBER, _UNIQUE_ID, _MCU_VERSION = 0x0100_80F0, 0x0100_8190, 0x0100_81B0
_PART = b"R7FA6E10F2CFP   "
_ID = b"virtual\x00RA6E1\x00\x00\x01"


def add_factory_data(bus: Bus) -> None:
    """Part number and unique id as words; option-setting memory as erased words, for reading alone."""
    for start, name, data in ((_PART_NUMBER, "part number", _PART), (_UNIQUE_ID, "unique id", _ID)):
        for offset in range(0, 16, 4):
            value = int.from_bytes(data[offset : offset + 4], "little")
            bus.add(Register(f"{name}+{offset}", start + offset, 4, _constant(value)))
    bus.add(Register("MCU version", _MCU_VERSION, 4, _constant(1)))
    for offset in range(0x100, 0x300, 4):
        address = map_.OPTION_MEMORY + offset
        bus.add(Register(f"option-setting memory {address:#010x}", address, 4, _constant(0xFFFF_FFFF)))


def is_option_memory(address: int, size: int = 1) -> bool:
    """Whether any of the bytes lies in option-setting memory."""
    return address < map_.OPTION_MEMORY + map_.OPTION_MEMORY_BYTES and address + size > map_.OPTION_MEMORY


def _constant(value: int) -> Read:
    return lambda: value
