"""Which simulator a board file asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..errors import BenchFault
from ..spec import BoardSpec, QemuSpec, RenodeSpec
from .child import Simulator
from .cycle_counter import ProfileRequest
from .qemu import run_qemu
from .renode import run_renode
from .virtual_ra6e1.launch import run_virtual


@contextlib.contextmanager
def run_simulator(spec: BoardSpec, *, profile: ProfileRequest | None = None) -> Iterator[Simulator]:
    """Start the simulator of `spec`, standing; it is ended with the context. `profile` is what it is to count.

    Raises:
        BenchFault: it can't be started, or can't count by function.
    """
    if isinstance(spec.simulator, QemuSpec):
        with run_qemu(spec, profile=profile) as simulator:
            yield simulator
        return
    if profile is not None:
        raise BenchFault(f"{spec.name} counts no cycles by function", hint="profile the network on qemu-mps2-an505")
    if isinstance(spec.simulator, RenodeSpec):
        with run_renode(spec) as renode:
            yield renode
        return
    with run_virtual(spec) as board:
        yield board
