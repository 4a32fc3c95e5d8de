"""The rate of a serial link: up to the fastest one at which the line is clean, and down again when it gets worse."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

from . import messages
from .conversation import Conversation, TargetReset
from .errors import TargetFault
from .link import BITS_A_BYTE, Link
from .messages import Baud, Echo, Hello, Kind, Message

RATES = (115_200, 230_400, 460_800, 921_600, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
"""In bit/s; the steps between a board's first rate and its fastest."""

_BURSTS, _BURST = 4, 4  # echoes are asked for so many at a time: a target's receive buffer holds them
_ECHO_BYTES = 500
_CLEAN = 0.75  # of the echoes: where fewer come back whole, the rate before may be the better one
_POOR = 0.25  # of the packets went again: the line is worse than it was
_WORSE = 1.5  # times what the line lost already when its rate was chosen
_JUDGED = 64  # packets
_ANSWER_SECONDS = 0.3
_READ_SECONDS = 0.05
_TRIES = 4
_NOISE = bytes(4200)  # more than makes a target fall back to its first rate (docs/protocol.md, "Rates")


def _ignore(message: Message) -> None:
    """Nobody waits for it."""


class RateControl:
    """Which rate a serial link runs at.

    Args:
        start: at which the target listens after its reset, bit/s.
        fastest: never more than this; `start` for a link of one rate.
    """

    def __init__(self, start: int, fastest: int) -> None:
        self.start = self.baud = start
        self._fastest = self._limit = fastest
        self._packets = self._repeated = 0
        self._tolerated = _POOR

    @property
    def is_raised(self) -> bool:
        """Whether the link runs faster than after a reset."""
        return self.baud > self.start

    def seconds(self, count: int) -> float:
        """For which the wire carries `count` bytes."""
        return count * BITS_A_BYTE / self.baud

    def begin(self, link: Link) -> None:
        """Go back to the first rate."""
        if self.is_raised:
            self.baud = self.start
            link.set_baud(self.start)

    def call_back(self, link: Link) -> None:
        """Bring a target to its first rate that may still listen at another one."""
        if self._fastest > self.start:
            link.write(_NOISE)

    def climb(self, talk: Conversation) -> None:
        """From the first rate up to the fastest that is clean.

        Raises:
            TargetFault: the target was lost on the way.
        """
        for rate in self._steps():
            before = self.baud
            answer = self._change(talk, rate, _ignore)
            if answer == 0:
                continue  # the board can't
            if answer is None or not self._is_worth_it(talk, before):
                self._limit = before
                self._go_back(talk, before)
                return

    def is_poor(self, packets: int, repeated: int) -> bool:
        """Whether a slower rate is to be tried.

        Args:
            packets: sent so far, at all.
            repeated: how many of them went again.
        """
        if packets < self._packets or packets - self._packets < _JUDGED:
            self._packets, self._repeated = min(packets, self._packets), min(repeated, self._repeated)
            return False
        share = (repeated - self._repeated) / (packets - self._packets)
        self._packets, self._repeated = packets, repeated
        return self.is_raised and share > self._tolerated

    def lower(self, talk: Conversation, take: Callable[[Message], None]) -> None:
        """One step down, for good. `take` gets what comes meanwhile.

        Raises:
            TargetReset: the target does not answer; it is to be greeted anew.
        """
        self._limit = max([self.start, *(rate for rate in RATES if self.start < rate < self.baud)])
        if self._change(talk, self._limit, take) != self._limit:
            raise TargetReset(f"lost the target at {self.baud} bit/s", hint="a bad cable, or too fast a rate for it")

    def _steps(self) -> list[int]:
        return sorted({rate for rate in (*RATES, self._limit) if self.start < rate <= self._limit})

    def _change(self, talk: Conversation, rate: int, take: Callable[[Message], None]) -> int | None:
        """The rate that the target takes, 0 if it can't, None if it does not answer."""
        for _ in range(_TRIES):
            talk.send(Kind.BAUD_REQUEST, messages.baud_request(talk.session, rate))
            for message in _listen(talk, self.seconds(len(_NOISE)) + _ANSWER_SECONDS):
                if not isinstance(message, Baud):
                    take(message)
                    continue
                if message.baud == rate:
                    self.baud = rate
                    talk.link.set_baud(rate)
                return message.baud
        return None

    def _is_worth_it(self, talk: Conversation, before: int) -> bool:
        """Whether the line is clean, or no better at the rate before: then the faster of two bad ones is taken."""
        rate, share = self.baud, self._share(talk)
        if share >= _CLEAN:
            return True
        if share == 0.0:
            return False
        self._go_back(talk, before)
        if self.baud != before or share * rate <= self._share(talk) * before:
            return False
        self._tolerated = max(_POOR, _WORSE * (1.0 - share))
        return self._change(talk, rate, _ignore) == rate

    def _share(self, talk: Conversation) -> float:
        """Of a burst of echoes, those that come back whole."""
        dice = random.Random(self.baud)
        whole = 0
        for _ in range(_BURSTS):
            wanted = {dice.randbytes(_ECHO_BYTES) for _ in range(_BURST)}
            for data in wanted:
                talk.send(Kind.ECHO_REQUEST, messages.echo_request(talk.session, data))
            for message in _listen(talk, self.seconds(_BURST * _ECHO_BYTES) + _ANSWER_SECONDS):
                if isinstance(message, Echo) and message.data in wanted:
                    wanted.remove(message.data)
                    if not wanted:
                        break
            whole += _BURST - len(wanted)
            if not whole:
                return 0.0
        return whole / (_BURSTS * _BURST)

    def _go_back(self, talk: Conversation, rate: int) -> None:
        """From a rate that is no good to the last one that was."""
        if self.is_raised and self._change(talk, rate, _ignore) == rate and self._is_there(talk):
            return
        for _ in range(_TRIES):
            self.baud = self.start
            talk.link.set_baud(self.start)
            self.call_back(talk.link)
            if self._is_there(talk):
                if rate > self.start:
                    self._change(talk, rate, _ignore)
                return
        raise TargetFault(
            f"lost while a rate was chosen, and not heard again at {self.start} bit/s",
            hint="set [link] fastest_baud in the board file to a rate that the cable carries",
        )

    def _is_there(self, talk: Conversation) -> bool:
        """Whether the target answers at this rate; the same session's greeting forgets nothing."""
        talk.send(Kind.HELLO_REQUEST, messages.hello_request(talk.session))
        answers = _listen(talk, self.seconds(len(_NOISE)) + _ANSWER_SECONDS)
        return any(isinstance(message, Hello) for message in answers)


def _listen(talk: Conversation, seconds: float) -> Iterator[Message]:
    """What comes within `seconds`."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        yield from talk.receive(min(left, _READ_SECONDS))
