"""A simulator for a person: in the foreground, with its ports and the pyOCD command lines that reach it."""

from __future__ import annotations

from rich.console import Console

from .errors import BenchFault
from .simulator.start import run_simulator
from .spec import BoardSpec


def run_in_foreground(spec: BoardSpec, console: Console) -> None:
    """Run the simulator of `spec` until it ends or the person stops it."""
    if spec.simulator is None:
        raise BenchFault(f"{spec.name} is a real board: there is nothing to simulate", hint="see `proofboard boards`")
    with run_simulator(spec) as simulator:
        host, port = simulator.endpoints.gdb
        pyocd = f"-u gdbstub:{host}:{port} -t {spec.pyocd_target}"
        console.print(f"{spec.title} is up, halted, with empty flash. Ctrl-C ends it.", soft_wrap=True)
        for lane, url in enumerate(simulator.endpoints.serial_urls):
            console.print(f"serial lane {lane}:  pyserial-miniterm {url}", soft_wrap=True)
        console.print(f"program:        pyocd load {pyocd} image.elf", soft_wrap=True)
        console.print(f"look inside:    pyocd commander {pyocd}", soft_wrap=True)
        simulator.wait()
