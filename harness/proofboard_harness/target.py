"""A conversation with the firmware: who it is, clips in, results out.

Clips go in a stream: the next ones are under way while the target works. What is lost is sent again, by itself; a
target that was reset must say who it is before it gets another clip, and a link that broke is opened again. A result
counts as received when the caller asks for the next one: only then does the target get a clip that takes its place.
"""

from __future__ import annotations

import itertools
import secrets
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from . import messages, pcm_code
from .conversation import Conversation, LinkStatistics, TargetReset, decode_cfsr
from .errors import BenchFault, LastingFault, StaleFirmware, TargetFault
from .link import Link
from .messages import Ack, Baud, Dump, Echo, Hello, Kind, Message, Result
from .patience import Patience, Silence
from .rate import RateControl
from .window import SendWindow

__all__ = ["Identity", "LinkStatistics", "Patience", "Target", "TargetReset", "decode_cfsr"]

_UNHEARD = 3  # questions at a raised rate without an answer: the first rate is listened at too
_HEAD_BYTES = 32  # of a frame at most, besides its samples
_REPEATS = 1000  # chunks sent again while the target takes none: it never will
M = TypeVar("M", Ack, Dump, Hello, Baud, Echo)


@dataclass(frozen=True)
class Identity:
    """What hello must say: `build_id` and `model_hash` in hex, of the image just built."""

    build_id: str
    model_hash: str


@dataclass
class _Sent:
    """A clip whose result the caller has not had yet."""

    chunks: list[bytes]
    crc: int
    size: int


@dataclass
class Target:
    """The host's end of the protocol.

    Args:
        link: the byte stream.
        watch: called while waiting; raises when the simulator or the probe knows that the target is gone.
        describe: turns a fault's address into a place in the source, for the error's text.
        patience: when to ask again, and when to give up.
        reopen: a new link in place of one that broke; without it, that is the end.
        encode: the code of PCM on the wire, see `pcm_code`.
        rate: of a serial link, which is chosen at each greeting; without it, none is.
    """

    link: Link
    watch: Callable[[], None]
    describe: Callable[[int], str]
    patience: Patience = field(default_factory=Patience)
    reopen: Callable[[], Link] | None = None
    encode: Callable[[NDArray[np.int16]], bytes] = pcm_code.encode
    statistics: LinkStatistics = field(default_factory=LinkStatistics)
    rate: RateControl | None = None
    _conversation: Conversation | None = None
    _identity: Identity | None = None
    _hello: Hello | None = None
    _clips: int = 0
    _window: SendWindow = field(default_factory=lambda: SendWindow(0))
    _results: dict[int, Result] = field(default_factory=dict)
    _held: tuple[int, int] = (0, 0)
    _repeats_then: int = 0
    _busy_then: float = 0.0
    _bad_then: int = 0

    @property
    def hello(self) -> Hello:
        """Who the target said it is. Raises RuntimeError before `greet`."""
        return self._greeted()

    def greet(self, expected: Identity) -> Hello:
        """Begin a session: ask the target who it is.

        Raises:
            StaleFirmware: it is not the image that was built.
            LastingFault: it is another chip than at the greeting before.
            TargetFault: it does not answer, or speaks another protocol.
        """
        session = secrets.randbelow((1 << 32) - 1) + 1
        self._conversation = Conversation(self.link, self.describe, self.statistics, session)
        rate = self.rate
        if rate is not None:
            rate.begin(self.link)
        asked = itertools.count()

        def send() -> None:
            if rate is not None and next(asked):
                rate.call_back(self.link)
            self._talk.send(Kind.HELLO_REQUEST, messages.hello_request(session))

        hello = next(self._listen(send, "who are you", Hello))
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
        if self._hello is not None and hello.chip != self._hello.chip:
            raise LastingFault(
                f"chip {hello.chip or 'without a number'} answers, where chip {self._hello.chip or 'without a number'} "
                "did before",
                where=hello.board,
                hint="was another board plugged in? put the first one back and resume, or begin a new run",
            )
        self._identity, self._hello, self._clips = expected, hello, 0
        self._results, self._held, self._repeats_then = {}, (0, 0), self.statistics.retransmits
        self._window = SendWindow(hello.credit)
        if rate is not None:
            rate.climb(self._talk)
            self.statistics.baud = rate.baud
        return hello

    def infer(self, pcm: NDArray[np.int16], *, flags: int = messages.FLAG_TRACE) -> Result:
        """Send one clip and wait for its result; see `stream`."""
        return next(self.stream([pcm], flags=flags))

    def stream(self, clips: Iterable[NDArray[np.int16]], *, flags: int = messages.FLAG_TRACE) -> Iterator[Result]:
        """Send clips, int16 [window] each; their results in the same order.

        The last results may be asked for again until the next one is: what was given is then taken for received.

        Raises:
            TargetFault: a crash, silence, or a result for other samples than those sent.
            BenchFault: the link broke and could not be opened again.
        """
        self._greeted()
        source = iter(clips)
        pending: deque[_Sent] = deque()
        failures = 0
        more = True
        broken: TargetReset | BenchFault | None = None
        while more or pending:
            started = time.monotonic()
            try:
                if broken is not None:
                    self._recover(broken, [sent.chunks for sent in pending])
                    broken = None
                while more and len(pending) < self._greeted().results:
                    pcm = next(source, None)
                    more = pcm is not None
                    if pcm is not None:
                        pending.append(self._prepare(pcm))
                        self._window.add(self._clips + len(pending) - 1, pending[-1].chunks)
                if not pending:
                    return
                result = self._await_result(self._clips, flags)
            except LastingFault:
                raise
            except (TargetReset, BenchFault) as fault:
                failures += 1
                if failures > self.patience.attempts:
                    raise
                broken = fault
                continue
            finally:
                self._note_time(started)
            sent = pending.popleft()
            if result.pcm_crc != sent.crc:
                raise TargetFault("answered for other samples than those sent", where=f"clip {result.clip}")
            failures = 0
            self._clips += 1
            self.statistics.pcm_bytes += sent.size
            yield result

    def dump(self, layer: int) -> bytes:
        """The output of a layer for the last clip: 0 is the features, k the output of operator k.

        Raises:
            TargetFault: a crash, or silence: the target no longer holds that clip.
        """
        if not 0 <= layer <= self._greeted().layers:
            raise ValueError(f"layer {layer} is not in 0..{self._greeted().layers}")
        clip = self._clips - 1
        pieces: dict[int, Dump] = {}
        request = messages.dump_request(self._talk.session, clip, layer)
        for message in self._listen(
            lambda: self._talk.send(Kind.DUMP_REQUEST, request), f"layer {layer} of clip {clip}", Dump
        ):
            if (message.clip, message.layer) == (clip, layer):
                pieces[message.offset] = message
                if len({piece.size for piece in pieces.values()}) > 1:
                    raise TargetFault("pieces of one layer disagree about its size", where=f"layer {layer}")
                if sum(len(piece.data) for piece in pieces.values()) == message.size:
                    break
        return b"".join(pieces[offset].data for offset in sorted(pieces))

    def close(self) -> None:
        """Close the link."""
        self.link.close()

    @property
    def _talk(self) -> Conversation:
        if self._conversation is None:
            raise RuntimeError("greet() comes before clips: an unknown image must not be measured")
        return self._conversation

    def _greeted(self) -> Hello:
        if self._hello is None:
            raise RuntimeError("greet() comes before clips: an unknown image must not be measured")
        return self._hello

    def _prepare(self, pcm: NDArray[np.int16]) -> _Sent:
        hello = self._greeted()
        if pcm.shape != (hello.window,) or pcm.dtype != np.int16:
            raise ValueError(f"a clip is {hello.window} int16 samples, not {pcm.shape} of {pcm.dtype}")
        step = hello.chunk_samples
        chunks = [self.encode(pcm[start : start + step]) for start in range(0, len(pcm), step)]
        return _Sent(chunks, zlib.crc32(pcm.astype("<i2").tobytes()), pcm.nbytes)

    def _await_result(self, clip: int, flags: int) -> Result:
        """Keep the wire full until the result of `clip` is there."""
        what = f"the result of clip {clip}"
        silence = Silence(self.patience, what, self._seconds_under_way())
        asked = False
        self._keep_rate(clip, flags)
        while True:
            self._send_chunks(clip, flags)
            if self.statistics.retransmits - self._repeats_then > _REPEATS:
                raise TargetFault(
                    f"no answer ({what}): {_REPEATS} chunks went again, and not one arrived",
                    hint="the link loses nearly everything: a lower baud, a shorter cable?",
                )
            if clip in self._results:
                return self._results.pop(clip)
            self.watch()
            before = self._held
            for message in self._talk.receive(self.patience.poll_seconds):
                silence.heard()
                self._take(message, clip, flags)
            if self._held > before:
                silence.moved_on()
            # Results come in order: a later one says that this one was lost.
            overdue = bool(self._results) and clip not in self._results and not asked
            if silence.is_over() or overdue:
                asked = overdue
                self._require_rate(silence, clip)
                self._poll(clip)

    def _poll(self, clip: int) -> None:
        self.statistics.polls += 1
        self._talk.send(Kind.POLL, messages.poll(self._talk.session, self._window.number(), clip))

    def _require_rate(self, silence: Silence, clip: int) -> None:
        """A target that is silent at a raised rate is busy, or was reset, which ends that rate, or the line is dead."""
        rate = self.rate
        if rate is None or not rate.is_raised or silence.asked <= _UNHEARD:
            return
        raised = rate.baud
        if silence.is_hopeless or rate.is_lost(self._talk, lambda: self._poll(clip)):
            raise TargetReset(f"silent at {raised} bit/s: was it reset, which ends that rate?")
        silence.begin_wait()

    def _seconds_under_way(self) -> float:
        """For which the wire carries what the target may be sent at most before it answers."""
        hello = self._greeted()
        return 0.0 if self.rate is None else self.rate.seconds(hello.credit * (2 * hello.chunk_samples + _HEAD_BYTES))

    def _keep_rate(self, clip: int, flags: int) -> None:
        """A slower rate where too much goes again."""
        rate = self.rate
        if rate is not None and (wanted := rate.wanted(self._window.packets, self._window.retransmits)) != rate.baud:
            rate.move(self._talk, wanted, lambda message: self._take(message, clip, flags))
            self.statistics.baud = rate.baud

    def _take(self, message: Message, clip: int, flags: int) -> None:
        if isinstance(message, Ack):
            held = (message.clip, message.received.bit_count())
            if held > self._held:  # within a session it only ever grows
                self._held, self._repeats_then = held, self.statistics.retransmits
            self._window.acknowledge(message)
            # The target counts from its reset on.
            before = self._bad_then if message.bad_frames >= self._bad_then else 0
            self.statistics.bad_frames_target += message.bad_frames - before
            self._bad_then = message.bad_frames
        elif isinstance(message, Result) and message.clip >= clip:
            self._require_asked_for(message, clip, flags)
            self._window.finish(message.clip)
            self._results[message.clip] = message

    def _require_asked_for(self, result: Result, clip: int, flags: int) -> None:
        """A result that no request of ours can have made is never counted."""
        hello = self._greeted()
        crcs = hello.layers + 1 if flags & messages.FLAG_TRACE else 0
        if result.clip - clip >= hello.results:
            seen = f"a result of clip {result.clip}, which was never sent"
        elif (len(result.words), len(result.layer_crcs)) != (hello.logits, crcs):
            counts = f"{len(result.words)} logits and {len(result.layer_crcs)} CRCs"
            seen = f"a result with {counts} instead of {hello.logits} and {crcs}"
        else:
            return
        raise TargetFault(seen, where=hello.board, hint="a firmware bug: its hello and its results do not agree")

    def _send_chunks(self, clip: int, flags: int) -> None:
        before = self._window.retransmits
        while (ready := self._window.take()) is not None:
            packet, place, code = ready
            payload = messages.clip_chunk(self._talk.session, packet, place.clip, place.chunk, flags, code)
            self._talk.send(Kind.CLIP_CHUNK, payload)
        if self._window.is_uncertain:
            self._poll(clip)
        self.statistics.retransmits += self._window.retransmits - before
        self.statistics.window = self._window.in_flight

    def _recover(self, fault: TargetReset | BenchFault, pending: list[list[bytes]]) -> None:
        """A new session, over a new link if that broke, with the clips that have no result yet."""
        self.watch()
        if isinstance(fault, BenchFault):
            self._reconnect(fault)
        else:
            self.statistics.resets += 1
        assert self._identity is not None
        self.greet(self._identity)
        for number, chunks in enumerate(pending):
            self._window.add(number, chunks)

    def _reconnect(self, fault: BenchFault) -> None:
        if self.reopen is None:
            raise fault
        self.link.close()
        deadline = time.monotonic() + self.patience.reconnect_seconds
        while True:
            try:
                self.link, self._busy_then = self.reopen(), 0.0
                self.statistics.reconnects += 1
                return
            except BenchFault as gone:
                self.watch()
                if time.monotonic() > deadline:
                    seconds = self.patience.reconnect_seconds
                    raise LastingFault(f"{gone.seen}, for {seconds:g} s", where=gone.where, hint=gone.hint) from gone
                time.sleep(self.patience.poll_seconds)

    def _note_time(self, started: float) -> None:
        self.statistics.seconds += time.monotonic() - started
        busy = self.link.busy_seconds
        self.statistics.busy_seconds += busy - self._busy_then
        self._busy_then = busy

    def _listen(self, send: Callable[[], None], what: str, kind: type[M]) -> Iterator[M]:
        """Ask, and ask again after a silence; the messages of `kind` that come."""
        silence = Silence(self.patience, what)
        send()
        while True:
            self.watch()
            for message in self._talk.receive(self.patience.poll_seconds):
                if isinstance(message, kind):
                    silence.heard()
                    yield message
            if silence.is_over():
                send()
