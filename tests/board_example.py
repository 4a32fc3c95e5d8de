"""The file of a real board that nobody has: nothing is opened before a fixture or a run asks for it."""

from __future__ import annotations

METAL = """
[board]
name = "bench-board"
title = "A board on the bench"
mcu = "R7FA6E10F"
[memory.flash]
kind = "flash"
start = 0
size = 0x100000
erase_block = 0x2000
[memory.ram]
kind = "ram"
start = 0x20000000
size = 0x40000
[probe]
kind = "pyocd"
uid = "0123"
target = "r7fa6e10f"
pack = "packs/ra.pack"
[link]
kind = "serial"
baud = 1000000
usb_serial = "AB12"
[timing]
clock_hz = 200000000
counter = "dwt"
counter_hz = 200000000
unit = "cycles"
source = "measured"
units_per_tick = [1, 1]
[limits]
boot_seconds = 5
clip_seconds = 2.5
"""
