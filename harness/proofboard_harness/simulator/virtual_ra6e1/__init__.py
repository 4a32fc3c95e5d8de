"""A virtual RA6E1: Unicorn's Cortex-M33, the chip's memory map, strict models of the peripherals in use.

A process of its own, started by `launch.py` or by `python -m proofboard_harness.simulator.virtual_ra6e1`; its GDB stub
and its serial port are what QEMU's are to the harness. docs/virtual-ra6e1.md says what is modelled and what is not.
"""
