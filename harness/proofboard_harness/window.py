"""What is under way to the target: packets by number, chunks that must go again, chunks that may go yet.

Pure bookkeeping, without a stream or a clock. Packets of a stream arrive in order or not at all, so a chunk whose
packet an ACK has passed, and which the target does not hold, was lost (or came before its turn) and goes again.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from .messages import Ack

_LOSSY = 1 / 8  # of the chunks; below it a whole window is lost too seldom to be worth a question
_MEMORY = 1 / 16  # weight of the last chunk in the share that is lost just now


@dataclass(frozen=True, order=True)
class Place:
    """A chunk of a clip."""

    clip: int
    chunk: int


@dataclass
class SendWindow:
    """The clips of one session on their way.

    Attributes:
        granted: the highest packet number that the target allows.
        retransmits: chunks that went more than once.
        lost: share of the chunks that the target did not take, as of late.
    """

    granted: int
    retransmits: int = 0
    lost: float = 0.0
    _asked: int = 0
    _packet: int = 0
    _clips: dict[int, Sequence[bytes]] = field(default_factory=dict)
    _waiting: list[Place] = field(default_factory=list)
    _flying: dict[int, Place] = field(default_factory=dict)
    _sent: set[Place] = field(default_factory=set)

    def add(self, clip: int, chunks: Sequence[bytes]) -> None:
        """Queue a clip; clips come in order."""
        self._clips[clip] = chunks
        for index in range(len(chunks)):
            heapq.heappush(self._waiting, Place(clip, index))

    @property
    def in_flight(self) -> int:
        """Chunks sent and not yet spoken of."""
        return len(self._flying)

    @property
    def packets(self) -> int:
        """Numbers given out."""
        return self._packet

    @property
    def room(self) -> int:
        """Packets that may go now."""
        return max(0, self.granted - self._packet)

    @property
    def queued(self) -> int:
        """Chunks that wait to go."""
        return len(self._waiting)

    @property
    def is_uncertain(self) -> bool:
        """Whether the credit is used up where so much is lost that all under way may be, of which nothing would tell.

        Then a question behind it saves a silence. False when it was the last packet.
        """
        return self.lost > _LOSSY and not self.room and self._asked != self._packet

    def number(self) -> int:
        """The next packet number, for a question."""
        self._packet += 1
        self._asked = self._packet
        return self._packet

    def take(self) -> tuple[int, Place, bytes] | None:
        """The next chunk to send with its packet number; None when there is none or no credit."""
        if not self._waiting or not self.room:
            return None
        place = heapq.heappop(self._waiting)
        self.retransmits += place in self._sent
        self._sent.add(place)
        self._packet += 1
        self._flying[self._packet] = place
        return self._packet, place, self._clips[place.clip][place.chunk]

    def acknowledge(self, ack: Ack) -> None:
        """Take an ACK in."""
        self.granted = max(self.granted, ack.granted)
        for packet in [packet for packet in self._flying if packet <= ack.packet]:
            place = self._flying.pop(packet)
            held = place.clip < ack.clip or (place.clip == ack.clip and ack.received >> place.chunk & 1)
            self.lost += ((not held) - self.lost) * _MEMORY
            if not held and place.clip in self._clips:
                heapq.heappush(self._waiting, place)

    def finish(self, clip: int) -> None:
        """The result of `clip` has come: nothing of it, or of a clip before, has to go any more."""
        self._waiting = [place for place in self._waiting if place.clip > clip]
        heapq.heapify(self._waiting)
        self._flying = {packet: place for packet, place in self._flying.items() if place.clip > clip}
        self._sent = {place for place in self._sent if place.clip > clip}
        for done in [number for number in self._clips if number <= clip]:
            del self._clips[done]
