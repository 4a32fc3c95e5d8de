"""What the harness asks of a debug probe, and pyOCD as the one that does it, on simulators and boards alike."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from pyocd.core import exceptions
from pyocd.core.helpers import ConnectHelper
from pyocd.core.session import Session
from pyocd.core.target import Target
from pyocd.flash.loader import FlashLoader
from pyocd.probe.debug_probe import DebugProbe

from ..elf import Image, check_coverage
from ..errors import ConfigurationFault, ProbeFault
from ..simulator.renode import RESET_COMMAND
from ..spec import BoardSpec, RenodeSpec
from .board_target import register_board_target
from .gdbstub_probe import RESET_COMMAND_OPTION, GdbStubProbe
from .pack import check_pack
from .remote_probe import PREFIX, RemoteProbe

_VERIFY_BLOCK = 0x10000
_STAGES = ("erase", "program", "verify")
_STEPS = 1000  # of each stage


# Called as `progress(done, total, stage)`: `done` never falls, `stage` is `erase`, `program` or `verify`.
FlashProgress = Callable[[int, int, str], None]


def unwatched(done: int, total: int, stage: str) -> None:
    """A `FlashProgress` nobody looks at."""


class Probe(Protocol):
    """The seam between the harness and whatever debugs a board. All faults are `ProbeFault` or `BenchFault`."""

    def halt(self) -> None:
        """Stop the core."""

    def reset(self) -> None:
        """Reset the system and let it run."""

    def program(self, image: Image, progress: FlashProgress = ...) -> None:
        """Program an image, read every byte back, reset and run."""

    def held(self) -> contextlib.AbstractContextManager[None]:
        """For several accesses one after the other: a simulated core is held once for all of them."""

    def read_memory(self, address: int, size: int) -> bytes:
        """`size` bytes from `address`."""

    def write_memory(self, address: int, data: bytes) -> None:
        """Write `data` to RAM at `address`."""

    def close(self) -> None:
        """Let go of the board: a running core runs on."""


def always_well() -> None:
    """The health of a bench that can't be asked."""


class PyocdProbe:
    """A `Probe` by a pyOCD session. Made by `open_simulated_probe` or `open_pyocd_probe`.

    Args:
        session: an open session.
        spec: the board that it is connected to.
        health: raises what is wrong with the bench; asked when pyOCD fails, for a cause that pyOCD can't see.
    """

    def __init__(self, session: Session, spec: BoardSpec, health: Callable[[], None] = always_well) -> None:
        self._session = session
        self._spec = spec
        self._health = health

    @property
    def _target(self) -> Any:
        return self._session.board.target

    def halt(self) -> None:
        """Stop the core; nothing if it stands."""
        with _our_errors(self._spec, self._health):
            self._target.halt()

    def reset(self) -> None:
        """Reset the system and let it run."""
        with _our_errors(self._spec, self._health):
            self._target.reset()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """For several accesses one after the other: a simulated core is held once for all of them."""
        probe = self._session.probe
        standing = probe.held() if isinstance(probe, GdbStubProbe) else contextlib.nullcontext()
        with _our_errors(self._spec, self._health), standing:
            yield

    def read_memory(self, address: int, size: int) -> bytes:
        """`size` bytes from `address`; a simulated core is held meanwhile."""
        with _our_errors(self._spec, self._health):
            return bytes(self._target.read_memory_block8(address, size))

    def write_memory(self, address: int, data: bytes) -> None:
        """Write `data` at `address`: RAM, not flash. Raises ProbeFault for memory that must never be written."""
        forbidden = self._spec.forbidden_range(address, address + len(data))
        if forbidden is not None:
            raise ProbeFault(
                f"nothing is ever written to {forbidden.name} ({forbidden.start:#010x}..{forbidden.end - 1:#010x})",
                where=f"board {self._spec.name}",
            )
        with _our_errors(self._spec, self._health):
            self._target.write_memory_block8(address, data)

    def program(self, image: Image, progress: FlashProgress = unwatched) -> None:
        """Program the blocks of flash that differ from `image`, compare every byte, reset and run.

        Raises:
            FirmwareFault: bytes of the image lie outside the board's memories, or where nothing must ever be written;
                nothing was written.
            ProbeFault: programming failed, or a byte reads back wrong.
        """
        check_coverage(image, self._spec)
        with _our_errors(self._spec, self._health):
            self._target.halt()
            staged = _StagedProgress(progress)
            self._load(image, staged)
            self._verify(image, staged)
            self._target.reset()

    def close(self) -> None:
        """End the session. A running core runs on; a standing one stands on a simulator and runs on a board."""
        with _our_errors(self._spec, self._health):
            self._session.close()

    def _load(self, image: Image, progress: _StagedProgress) -> None:
        loader = FlashLoader(
            self._session,
            progress.advance,
            chip_erase="sector",
            smart_flash=True,
            trust_crc=False,
            keep_unwritten=True,
        )
        for segment in image.segments:
            loader.add_data(segment.address, bytearray(segment.data))

        def note_stage(_notification: object) -> None:
            progress.enter("program")

        self._session.subscribe(note_stage, Target.Event.PRE_FLASH_PROGRAM)
        try:
            loader.commit()
        finally:
            self._session.unsubscribe(note_stage, Target.Event.PRE_FLASH_PROGRAM)

    def _verify(self, image: Image, progress: _StagedProgress) -> None:
        progress.enter("verify")
        total = sum(len(segment.data) for segment in image.segments)
        done = 0
        for segment in image.segments:
            for offset in range(0, len(segment.data), _VERIFY_BLOCK):
                expected = segment.data[offset : offset + _VERIFY_BLOCK]
                address = segment.address + offset
                actual = bytes(self._target.read_memory_block8(address, len(expected)))
                if actual != expected:
                    raise _mismatch(address, expected, actual)
                done += len(expected)
                progress.advance(done / total)


class _StagedProgress:
    """Turns fractions of a stage, which pyOCD starts again from zero at will, into steps that never fall."""

    def __init__(self, progress: FlashProgress) -> None:
        self._progress = progress
        self._stage = _STAGES[0]
        self._highest = 0

    def enter(self, stage: str) -> None:
        self._stage = stage

    def advance(self, fraction: float) -> None:
        step = _STAGES.index(self._stage) * _STEPS + round(fraction * _STEPS)
        self._highest = max(self._highest, step)
        self._progress(self._highest, len(_STAGES) * _STEPS, self._stage)


def open_simulated_probe(spec: BoardSpec, host: str, port: int, health: Callable[[], None] = always_well) -> PyocdProbe:
    """A probe on the GDB stub of a simulator that runs at `host`:`port`. The core stands afterwards."""
    register_board_target(spec)
    # A simulator is ready at once. A standing core is not let go: without a program it would run into a lockup.
    options: dict[str, Any] = {"reset.post_delay": 0.0, "resume_on_disconnect": False}
    if isinstance(spec.simulator, RenodeSpec):
        options[RESET_COMMAND_OPTION] = RESET_COMMAND
    return _open(spec, GdbStubProbe(host, port), options, health)


def open_pyocd_probe(spec: BoardSpec) -> PyocdProbe:
    """The debug probe of a board: the one with `uid` of the board file, or the only one that is plugged in."""
    options: dict[str, Any] = {}
    pack = spec.probe.pack
    if pack is not None:
        check_pack(pack, spec.probe.target)
        options["pack"] = [str(pack)]
    elif spec.brings_target:
        register_board_target(spec)
    if spec.probe.uid.startswith(PREFIX):
        return _open(spec, RemoteProbe(spec.probe.uid), options, always_well)
    with _our_errors(spec, always_well):
        probes = ConnectHelper.get_all_connected_probes(blocking=False, unique_id=spec.probe.uid or None)
    if len(probes) != 1:
        found = ", ".join(probe.unique_id for probe in probes) or "none"
        wanted = f"with uid {spec.probe.uid!r}" if spec.probe.uid else "of any uid"
        raise ProbeFault(
            f"expected one debug probe {wanted}, found: {found}",
            where=f"board {spec.name}",
            hint="plug it in, or set [probe] uid in the board file; `pyocd list` shows what pyOCD sees",
        )
    return _open(spec, probes[0], options, always_well)


def _open(spec: BoardSpec, probe: DebugProbe, options: dict[str, Any], health: Callable[[], None]) -> PyocdProbe:
    everywhere = {
        "no_config": True,
        "project_dir": str(spec.folder),
        "hide_programming_progress": True,
        "target_override": spec.pyocd_target,
        "connect_mode": "halt",
        "resume_on_disconnect": True,
    }
    with _our_errors(spec, health):
        # A session changes the working directory to its project; nobody asked for that.
        with contextlib.chdir(spec.folder):
            session = Session(probe, auto_open=False, options=everywhere | options)
        try:
            session.open()
        except exceptions.Error:
            session.close()
            if probe.is_open:  # a session that was not open yet leaves it so
                with contextlib.suppress(exceptions.Error):
                    probe.close()
            raise
    return PyocdProbe(session, spec, health)


@contextlib.contextmanager
def _our_errors(spec: BoardSpec, health: Callable[[], None]) -> Iterator[None]:
    """The one place where pyOCD's exceptions become ours. A sick bench is the cause, wherever pyOCD noticed it."""
    where = f"board {spec.name}"
    try:
        yield
    except exceptions.FlashFailure as error:
        health()
        raise ProbeFault(
            f"programming failed: {error}", where=where, hint="run again; check power and cable"
        ) from error
    except exceptions.TargetSupportError as error:
        raise ConfigurationFault(
            f"pyOCD does not know the target {spec.pyocd_target!r}: {error}",
            where=f"{spec.folder / 'board.toml'}: probe: target",
            hint="give the device pack by [probe] pack, or install it: pyocd pack install",
        ) from error
    except exceptions.TransferFaultError as error:
        health()
        raise ProbeFault(str(error), where=where, hint="is the address in a memory of the board?") from error
    except exceptions.Error as error:
        health()
        raise ProbeFault(str(error), where=where, hint="check that the board is powered and the cable sits") from error


def _mismatch(address: int, expected: bytes, actual: bytes) -> ProbeFault:
    wrong = [index for index in range(len(expected)) if expected[index] != actual[index]]
    first = wrong[0]
    return ProbeFault(
        f"verify: {address + first:#010x} reads {actual[first]:#04x}, programmed was {expected[first]:#04x}"
        f" ({len(wrong)} bytes differ in the block)",
        hint="program again; if it stays, the flash or its algorithm is at fault",
    )
