"""A conversation with the firmware: who it is, clips in, results out.

Chunks of a clip may arrive in any order and more than once, so a lost frame costs one more frame and a lost answer
one more question. The host sends a clip, waits for its result, and asks when none comes.
"""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import messages, pcm_code
from .errors import StaleFirmware, TargetFault
from .frames import FrameReader, encode_frame
from .link import Link
from .messages import Dump, Fault, Hello, Kind, Message, Result, Status


@dataclass(frozen=True)
class Patience:
    """How long to wait: after `answer_seconds` without a message the question is put again, `repetitions` times.

    `poll_seconds` is how long one read may block, and so how soon a dead simulator is noticed.
    """

    answer_seconds: float = 1.0
    repetitions: int = 10
    poll_seconds: float = 0.1


@dataclass
class LinkStatistics:
    """What went over the link so far."""

    bytes_sent: int = 0
    bytes_received: int = 0
    seconds: float = 0.0
    retransmits: int = 0
    bad_frames_target: int = 0
    bad_frames_host: int = 0


@dataclass(frozen=True)
class Identity:
    """What hello must say: `build_id` and `model_hash` in hex, of the image just built."""

    build_id: str
    model_hash: str


@dataclass
class Target:
    """The host's end of the protocol, over one or more lanes.

    Args:
        lanes: byte streams used side by side; the target answers on the first.
        watch: called while waiting; raises when the simulator or the probe knows that the target is gone.
        describe: turns a fault's address into a place in the source, for the error's text.
        patience: when to ask again, and when to give up.
    """

    lanes: Sequence[Link]
    watch: Callable[[], None]
    describe: Callable[[int], str]
    patience: Patience = Patience()
    statistics: LinkStatistics = field(default_factory=LinkStatistics)
    _reader: FrameReader = field(default_factory=FrameReader)
    _next_clip: int = field(default_factory=lambda: secrets.randbelow(1 << 30))
    _hello: Hello | None = None

    def greet(self, expected: Identity) -> Hello:
        """Ask the target who it is.

        Raises:
            StaleFirmware: it is not the image that was built.
            TargetFault: it does not answer, or speaks another protocol.
        """
        nonce = secrets.randbits(32)
        hello = self._ask(
            lambda: self._send(Kind.HELLO_REQUEST, messages.word(nonce)),
            lambda message: isinstance(message, Hello) and message.nonce == nonce,
            "who are you",
        )
        assert isinstance(hello, Hello)
        if hello.protocol_version != messages.PROTOCOL_VERSION:
            raise TargetFault(
                f"speaks protocol {hello.protocol_version}, not {messages.PROTOCOL_VERSION}", where=hello.board
            )
        if (hello.build_id, hello.model_hash) != (expected.build_id, expected.model_hash):
            raise StaleFirmware(
                f"the target runs build {hello.build_id[:12]} with model {hello.model_hash[:12]}, "
                f"not build {expected.build_id[:12]} with model {expected.model_hash[:12]}",
                where=hello.board,
                hint="the image in flash is not the one that was just built: flash it",
            )
        if len(self.lanes) > hello.lanes:
            raise TargetFault(
                f"listens on {hello.lanes} lanes, the host sends on {len(self.lanes)}",
                where=hello.board,
                hint="[link] lanes in the board file is more than its board.c has",
            )
        self._hello = hello
        return hello

    def infer(self, pcm: NDArray[np.int16], *, flags: int = messages.FLAG_TRACE) -> Result:
        """Send one clip and wait for its result.

        Raises:
            TargetFault: a crash, silence, or a result for other samples than those sent.
        """
        hello = self._greeted()
        if pcm.shape != (hello.window,) or pcm.dtype != np.int16:
            raise ValueError(f"a clip is {hello.window} int16 samples, not {pcm.shape} of {pcm.dtype}")
        started = time.monotonic()
        clip, self._next_clip = self._next_clip, self._next_clip + 1
        step = hello.chunk_samples
        chunks = [
            messages.clip_chunk(clip, index, flags, pcm_code.encode(pcm[start : start + step]))
            for index, start in enumerate(range(0, len(pcm), step))
        ]

        received = 0

        def send_missing(message: Message) -> bool:
            """Send again what did not come between two questions: the rest may still be on its way."""
            nonlocal received
            if not isinstance(message, Status) or message.clip != clip:
                return False
            grown, received = message.received != received, message.received
            if not grown:
                missing = [index for index in range(len(chunks)) if not received >> index & 1]
                self.statistics.retransmits += len(missing)
                self._send_chunks(chunks, missing)
            return grown

        result = self._ask(
            lambda: self._send_chunks(chunks, range(len(chunks))),
            lambda message: isinstance(message, Result) and message.clip == clip,
            f"the result of clip {clip}",
            again=lambda: self._send(Kind.STATUS_REQUEST, messages.word(clip)),
            answer=send_missing,
        )
        assert isinstance(result, Result)
        self.statistics.seconds += time.monotonic() - started
        self.statistics.bad_frames_target = result.bad_frames
        if result.pcm_crc != zlib.crc32(pcm.astype("<i2").tobytes()):
            raise TargetFault("answered for other samples than those sent", where=f"clip {clip}")
        return result

    def dump(self, layer: int) -> bytes:
        """The output of a layer for the last clip: 0 is the features, k the output of operator k.

        Raises:
            TargetFault: a crash, or silence: the target no longer holds that clip.
        """
        if not 0 <= layer <= self._greeted().layers:
            raise ValueError(f"layer {layer} is not in 0..{self._greeted().layers}")
        clip = self._next_clip - 1
        pieces: dict[int, bytes] = {}

        def complete(message: Message) -> bool:
            if not isinstance(message, Dump) or (message.clip, message.layer) != (clip, layer):
                return False
            pieces[message.offset] = message.data
            return sum(map(len, pieces.values())) == message.size

        request = messages.dump_request(clip, layer)
        self._ask(lambda: self._send(Kind.DUMP_REQUEST, request), complete, f"layer {layer} of clip {clip}")
        return b"".join(pieces[offset] for offset in sorted(pieces))

    def close(self) -> None:
        """Close every lane."""
        for lane in self.lanes:
            lane.close()

    def _greeted(self) -> Hello:
        if self._hello is None:
            raise RuntimeError("greet() comes before clips: an unknown image must not be measured")
        return self._hello

    def _send(self, kind: Kind, payload: bytes, lane: int = 0) -> None:
        data = encode_frame(kind, payload)
        self.statistics.bytes_sent += len(data)
        self.lanes[lane].write(data)

    def _send_chunks(self, chunks: Sequence[bytes], indices: Sequence[int]) -> None:
        for index in indices:
            self._send(Kind.CLIP_CHUNK, chunks[index], lane=index % len(self.lanes))

    def _ask(
        self,
        send: Callable[[], None],
        accept: Callable[[Message], bool],
        what: str,
        *,
        again: Callable[[], None] | None = None,
        answer: Callable[[Message], bool] = lambda message: False,
    ) -> Message:
        """Send, then read until a message is accepted; after a silence ask `again`, a bounded number of times.

        `answer` is given every other message and says whether it shows progress: then the count begins anew, since a
        slow target is not a silent one.
        """
        patience = self.patience
        send()
        asked, heard = 1, time.monotonic()
        while True:
            self.watch()
            data = self.lanes[0].read(patience.poll_seconds)
            self.statistics.bytes_received += len(data)
            for frame in self._reader.feed(data):
                message = messages.parse(frame.type, frame.payload)
                heard = time.monotonic()
                if isinstance(message, Fault):
                    raise self._crash(message)
                if message is not None and accept(message):
                    self.statistics.bad_frames_host = self._reader.bad_frames
                    return message
                if message is not None and answer(message):
                    asked = 1
            if time.monotonic() - heard > patience.answer_seconds:
                if asked > patience.repetitions:
                    raise TargetFault(
                        f"no answer ({what}), asked {asked} times, {patience.answer_seconds:g} s each",
                        hint="wrong port or baud, no firmware, or the target hangs: see `proofboard doctor`",
                    )
                (again or send)()
                asked, heard = asked + 1, time.monotonic()

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
