"""Where things lie on an RA6E1 (R7FA6E10F). Source: Renesas FSP 6.3.1, R7FA6E10F.h and mcu/ra6e1/bsp_feature.h; sizes
also Zephyr's r7fa6e10x.dtsi. Bases of peripherals stand with their models."""

from __future__ import annotations

from .registers import Block

CODE_FLASH, CODE_FLASH_BYTES = 0x0000_0000, 0x10_0000
DATA_FLASH, DATA_FLASH_BYTES = 0x0800_0000, 0x2000
SRAM, SRAM_BYTES = 0x2000_0000, 0x4_0000

BOOT_REGION_BYTES = 0x1_0000
"""Code flash below this is erased by `SMALL_BLOCK` bytes, above it by `LARGE_BLOCK`."""
SMALL_BLOCK, LARGE_BLOCK, PROGRAM_UNIT = 0x2000, 0x8000, 128
ERASED = 0xFF

OPTION_MEMORY, OPTION_MEMORY_BYTES = 0x0100_A000, 0x1000
FACTORY_PAGE, FACTORY_BYTES = 0x0100_8000, 0x1000
PERIPHERALS, PERIPHERAL_BYTES = 0x4000_0000, 0x80_0000
CORE_REGISTERS, CORE_REGISTER_BYTES = 0xE000_0000, 0x10_0000
DEVICES = (
    (FACTORY_PAGE, OPTION_MEMORY + OPTION_MEMORY_BYTES - FACTORY_PAGE),
    (PERIPHERALS, PERIPHERAL_BYTES),
    (CORE_REGISTERS, CORE_REGISTER_BYTES),
)
"""Ranges whose every access goes to the bus."""

BLOCKS = (
    Block("SRAM registers", 0x4000_2000, 0x100),
    Block("DMAC", 0x4000_5000, 0x200),
    Block("DMA", 0x4000_5200, 0x100),
    Block("DTC", 0x4000_5400, 0x100),
    Block("ICU", 0x4000_6000, 0x1000),
    Block("CACHE", 0x4000_7000, 0x1000),
    Block("CPSCU", 0x4000_8000, 0x1000),
    Block("FCACHE", 0x4001_C000, 0x1000),
    Block("SYSTEM", 0x4001_E000, 0x1000),
    Block("PORT", 0x4008_0000, 0x800),
    Block("PFS", 0x4008_0800, 0x500),
    Block("PMISC", 0x4008_0D00, 0x100),
    Block("IWDT", 0x4008_3200, 0x100),
    Block("MSTP", 0x4008_4000, 0x100),
    Block("USBFS", 0x4009_0000, 0x1000),
    Block("SSI0", 0x4009_D000, 0x1000),
    Block("PSCU", 0x400E_0000, 0x1000),
    Block("AGT", 0x400E_8000, 0x1000),
    *(Block(f"SCI{number}", 0x4011_8000 + 0x100 * number, 0x100) for number in (0, 1, 2, 3, 4, 9)),
    Block("SPI", 0x4011_A000, 0x200),
    Block("GPT", 0x4016_9000, 0x1000),
    Block("FACI commands", 0x407E_0000, 0x1_0000),
    Block("FACI", 0x407F_E000, 0x1000),
    Block("factory data", FACTORY_PAGE, FACTORY_BYTES),
    Block("option-setting memory", OPTION_MEMORY, OPTION_MEMORY_BYTES),
    Block("ITM", 0xE000_0000, 0x1000),
    Block("DWT", 0xE000_1000, 0x1000),
    Block("System Control Space", 0xE000_E000, 0x1000),
)


def erase_block_of(address: int) -> tuple[int, int]:
    """Start and size of the erase block of code flash that holds the address."""
    size = SMALL_BLOCK if address < BOOT_REGION_BYTES else LARGE_BLOCK
    return address - address % size, size
