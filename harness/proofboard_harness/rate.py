"""The rate of a serial link: up to the fastest one at which the line is clean, and down again when it gets worse."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import messages
from .conversation import Conversation, TargetReset
from .errors import TargetFault
from .link import BITS_A_BYTE, Link
from .messages import Baud, Echo, Hello, Kind, Message

RATES = (115_200, 230_400, 460_800, 921_600, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
"""In bit/s; the steps between a board's first rate and its fastest."""

_BURSTS, _BURST = 4, 4  # echoes are asked for so many at a time: a target's receive buffer holds them
_MORE_BURSTS = 4  # where the line is neither clean nor dead: a share of 16 is too coarse to be compared
_ECHO_BYTES = 320  # there and back as long as a chunk of 320 samples, so as many of either are spoilt
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


@dataclass(frozen=True)
class _Left:
    """A rate that was left for a slower one, and the share of its packets that had not gone before."""

    rate: int
    share: float


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
        self._left: _Left | None = None

    @property
    def is_raised(self) -> bool:
        """Whether the link runs faster than after a reset."""
        return self.baud > self.start

    def seconds(self, count: int) -> float:
        """For which the wire carries `count` bytes."""
        return count * BITS_A_BYTE / self.baud

    def begin(self, link: Link) -> None:
        """Go back to the first rate."""
        self._left = None
        if self.is_raised:
            self._listen_at(link, self.start)

    def call_back(self, link: Link) -> None:
        """Bring a target to its first rate that may still listen at another one."""
        if self._fastest > self.start:
            link.write(_NOISE)

    def climb(self, talk: Conversation) -> None:
        """From the first rate up to the fastest that is clean, or that carries the most where none is.

        Raises:
            TargetFault: the target was lost on the way.
        """
        shares: dict[int, float] = {}
        for rate in self._steps():
            before = self.baud
            answer = self._change(talk, rate, _ignore)
            if answer == 0:
                continue  # the board can't
            if answer is None or not self._is_worth_it(talk, before, shares):
                self._limit = before
                self._go_back(talk, before)
                return

    def wanted(self, packets: int, repeated: int) -> int:
        """The rate to go on at: a slower one where too much goes again, and back where that was no better.

        Args:
            packets: sent so far, at all.
            repeated: how many of them went again.
        """
        if packets < self._packets or packets - self._packets < _JUDGED:
            self._packets, self._repeated = min(packets, self._packets), min(repeated, self._repeated)
            return self.baud
        share = (repeated - self._repeated) / (packets - self._packets)
        self._packets, self._repeated = packets, repeated
        left, self._left = self._left, None
        if left is not None and left.share * left.rate >= (1 - share) * self.baud:
            self._tolerate(left.share)
            return left.rate
        if not self.is_raised or share <= self._tolerated:
            return self.baud
        self._left = _Left(self.baud, 1 - share)
        return max([self.start, *(rate for rate in RATES if self.start < rate < self.baud)])

    def move(self, talk: Conversation, rate: int, take: Callable[[Message], None]) -> None:
        """Go on at `rate`, which later greetings do not exceed. `take` gets what comes meanwhile.

        Raises:
            TargetReset: the target does not answer; it is to be greeted anew.
        """
        self._limit = rate
        if self._change(talk, rate, take) != rate:
            raise TargetReset(f"lost the target at {self.baud} bit/s", hint="a bad cable, or too fast a rate for it")

    def is_lost(self, talk: Conversation, ask: Callable[[], None]) -> bool:
        """Whether the target, silent at a raised rate, is heard at its first one, as after a reset.

        Args:
            ask: sends what a target answers in any session.
        """
        raised = self.baud
        self._listen_at(talk.link, self.start)
        ask()
        heard = any(True for _ in _listen(talk, _ANSWER_SECONDS))
        self._listen_at(talk.link, raised)
        return heard

    def _steps(self) -> list[int]:
        return sorted({rate for rate in (*RATES, self._limit) if self.start < rate <= self._limit})

    def _tolerate(self, share: float) -> None:
        """A line that carries `share` of the packets is only left when it gets much worse."""
        self._tolerated = max(_POOR, _WORSE * (1.0 - share))

    def _listen_at(self, link: Link, rate: int) -> None:
        self.baud = rate
        link.set_baud(rate)

    def _change(self, talk: Conversation, rate: int, take: Callable[[Message], None]) -> int | None:
        """The rate that the target takes, 0 if it can't, None if it does not answer."""
        before = self.baud
        for _ in range(_TRIES):
            talk.send(Kind.BAUD_REQUEST, messages.baud_request(talk.session, rate))
            for message in _listen(talk, self.seconds(len(_NOISE)) + _ANSWER_SECONDS):
                if isinstance(message, Baud) and message.baud in (rate, 0):  # no other is to this question
                    if message.baud:
                        self._listen_at(talk.link, rate)
                    return message.baud
                take(message)
            # Perhaps it was the answer that got lost.
            self._listen_at(talk.link, rate)
            if self._is_there(talk, take):
                return rate
            self._listen_at(talk.link, before)
        return None

    def _is_worth_it(self, talk: Conversation, before: int, shares: dict[int, float]) -> bool:
        """Whether the line is clean, or no better at the rate before: then the faster of two bad ones is taken.

        `shares`: of the echoes that came back at each rate so far.
        """
        rate = self.baud
        share = shares[rate] = self._share(talk)
        if share >= _CLEAN:
            return True
        if share == 0.0:
            return False
        if before not in shares:
            self._go_back(talk, before)
            if self.baud != before:
                return False
            shares[before] = self._share(talk)
        if share * rate <= shares[before] * before:
            return False
        self._tolerate(share)
        return self.baud == rate or self._returns(talk, rate)

    def _share(self, talk: Conversation) -> float:
        """Of some bursts of echoes, those that come back whole."""
        dice = random.Random(self.baud)
        whole = sum(self._burst(talk, dice) for _ in range(_BURSTS))
        share = whole / (_BURSTS * _BURST)
        if share == 0.0 or share >= _CLEAN:
            return share
        whole += sum(self._burst(talk, dice) for _ in range(_MORE_BURSTS))
        return whole / ((_BURSTS + _MORE_BURSTS) * _BURST)

    def _burst(self, talk: Conversation, dice: random.Random) -> int:
        """How many of `_BURST` echoes come back. A greeting behind them tells that no more will."""
        wanted = {dice.randbytes(_ECHO_BYTES) for _ in range(_BURST)}
        for data in wanted:
            talk.send(Kind.ECHO_REQUEST, messages.echo_request(talk.session, data))
        talk.send(Kind.HELLO_REQUEST, messages.hello_request(talk.session))
        for message in _listen(talk, self.seconds(2 * _BURST * _ECHO_BYTES) + _ANSWER_SECONDS):
            if isinstance(message, Hello):
                break
            if isinstance(message, Echo):
                wanted.discard(message.data)
        return _BURST - len(wanted)

    def _go_back(self, talk: Conversation, rate: int) -> None:
        """From a rate that is no good to the last one that was."""
        if self.is_raised and self._returns(talk, rate):
            return
        for _ in range(_TRIES):
            self._listen_at(talk.link, self.start)
            self.call_back(talk.link)
            if self._is_there(talk, _ignore) and (rate == self.start or self._returns(talk, rate)):
                return
        raise TargetFault(
            f"lost while a rate was chosen, and not heard again at {self.start} bit/s",
            hint="set [link] fastest_baud in the board file to a rate that the cable carries",
        )

    def _returns(self, talk: Conversation, rate: int) -> bool:
        """Whether the target changes to a rate that was good before, and answers there."""
        return self._change(talk, rate, _ignore) == rate and any(self._is_there(talk, _ignore) for _ in range(_TRIES))

    def _is_there(self, talk: Conversation, take: Callable[[Message], None]) -> bool:
        """Whether the target answers at this rate; the same session's greeting forgets nothing."""
        talk.send(Kind.HELLO_REQUEST, messages.hello_request(talk.session))
        for message in _listen(talk, self.seconds(len(_NOISE)) + _ANSWER_SECONDS):
            if isinstance(message, Hello):
                return True
            take(message)
        return False


def _listen(talk: Conversation, seconds: float) -> Iterator[Message]:
    """What comes within `seconds`."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        yield from talk.receive(min(left, _READ_SECONDS))
