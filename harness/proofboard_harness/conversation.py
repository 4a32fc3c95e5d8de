"""Messages to and from a target over one link, counted; a crash and a reset become errors here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from . import messages
from .errors import TargetFault
from .frames import FrameReader, encode_frame
from .link import Link
from .messages import Fault, Kind, Log, Message

_LOG_LINES = 100


class TargetReset(TargetFault):
    """The target has forgotten its session: it was reset, or lost power."""


@dataclass
class LinkStatistics:
    """What went over the link so far. `busy_seconds`: how long the wire itself was in use.

    `resets`: of the target, in the midst of it; `reconnects`: of a link that broke; `attempts`: how often the board
    was opened and flashed.
    """

    bytes_sent: int = 0
    bytes_received: int = 0
    pcm_bytes: int = 0
    seconds: float = 0.0
    busy_seconds: float = 0.0
    retransmits: int = 0
    polls: int = 0
    resets: int = 0
    reconnects: int = 0
    attempts: int = 1
    baud: int = 0
    window: int = 0
    bad_frames_target: int = 0
    bad_frames_host: int = 0

    @property
    def goodput(self) -> float:
        """Bytes of sound a second that have arrived."""
        return self.pcm_bytes / self.seconds if self.seconds else 0.0

    @property
    def limit(self) -> str:
        """`link` where the wire was busy for most of the time, else `compute`: the target, or this machine."""
        return "link" if self.busy_seconds > 0.5 * self.seconds else "compute"


@dataclass
class Conversation:
    """One session's messages over `link`.

    Args:
        describe: turns a fault's address into a place in the source, for the error's text.
    """

    link: Link
    describe: Callable[[int], str]
    statistics: LinkStatistics
    session: int
    log: list[str] = field(default_factory=list)
    _reader: FrameReader = field(default_factory=FrameReader)
    _greeted: bool = False

    def send(self, kind: Kind, payload: bytes) -> None:
        """One frame."""
        data = encode_frame(kind, payload)
        self.statistics.bytes_sent += len(data)
        self.link.write(data)

    def receive(self, timeout: float) -> list[Message]:
        """Messages of this session that have come, after at most `timeout` seconds.

        Those of older ones are dropped until the first one of this session: a stream keeps its order.

        Raises:
            TargetReset: the target is in no session any more, or in another one.
            TargetFault: the target crashed, or speaks another protocol.
        """
        data = self.link.read(timeout)
        self.statistics.bytes_received += len(data)
        found: list[Message] = []
        for frame in self._reader.feed(data):
            message = messages.parse(frame.type, frame.payload)
            if isinstance(message, Fault):
                raise self._crash(message)
            if message is None:
                continue
            if self._greeted and message.session == 0:
                raise TargetReset("the target was reset", hint="look at its power, and at its watchdog")
            if self._greeted and message.session != self.session:
                raise TargetReset("the target is in another session", hint="does another program talk to it?")
            self._greeted |= message.session == self.session
            if isinstance(message, Log):
                self.log = [*self.log[1 - _LOG_LINES :], message.text]
            elif message.session == self.session:
                found.append(message)
        self.statistics.bad_frames_host += self._reader.take_bad_frames()
        return found

    def _crash(self, fault: Fault) -> TargetFault:
        return TargetFault(
            f"the target crashed: exception {fault.exception}, CFSR 0x{fault.cfsr:08x} ({decode_cfsr(fault.cfsr)}), "
            f"HFSR 0x{fault.hfsr:08x}, PC {self.describe(fault.pc)}, LR {self.describe(fault.lr)}, "
            f"BFAR 0x{fault.bfar:08x}, MMFAR 0x{fault.mmfar:08x}",
            hint="a firmware bug: the PC is the instruction that faulted",
        )


_CFSR_BITS = {
    0: "IACCVIOL", 1: "DACCVIOL", 3: "MUNSTKERR", 4: "MSTKERR", 5: "MLSPERR", 7: "MMARVALID",
    8: "IBUSERR", 9: "PRECISERR", 10: "IMPRECISERR", 11: "UNSTKERR", 12: "STKERR", 13: "LSPERR", 15: "BFARVALID",
    16: "UNDEFINSTR", 17: "INVSTATE", 18: "INVPC", 19: "NOCP", 20: "STKOF", 24: "UNALIGNED", 25: "DIVBYZERO",
}  # fmt: skip


def decode_cfsr(cfsr: int) -> str:
    """Names of the bits of the Configurable Fault Status Register (Armv8-M ARM, DDI0553, D1.2.9)."""
    return " ".join(name for bit, name in _CFSR_BITS.items() if cfsr >> bit & 1) or "no fault bits"
