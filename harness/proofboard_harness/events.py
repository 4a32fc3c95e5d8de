"""What happens in a run, as facts on a bus. Dashboard and plain log are subscribers; neither is known to the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class StationStarted:
    """A station of the path began. `title` is what a person reads; `unit` is what `done` and `total` count."""

    station: str
    title: str
    unit: str


@dataclass(frozen=True)
class StationAdvanced:
    """`done` of `total` units are through; `detail` says which one."""

    station: str
    done: int
    total: int
    detail: str = ""


@dataclass(frozen=True)
class StationFinished:
    """A station ended well; `summary` is one line of facts; `cached` says that stored results were taken."""

    station: str
    summary: str
    seconds: float
    cached: bool = False


@dataclass(frozen=True)
class ClipDone:
    """One clip came back from the target: `image` is `baseline` or `compressed`."""

    image: str
    clip_id: str
    correct: bool
    bit_exact: bool


@dataclass(frozen=True)
class JournalOpened:
    """From here on the run can be resumed from `folder`."""

    folder: str


@dataclass(frozen=True)
class Retried:
    """The stream to `image` met a fault of bench or probe, `seen`, and is begun anew where the journal ends."""

    image: str
    seen: str


@dataclass(frozen=True)
class JournalHeld:
    """Of `image` the journal held so many clips already when its stream began."""

    image: str
    clips: int
    correct: int
    bit_exact: int


@dataclass(frozen=True)
class LinkMoved:
    """What has gone over the link of one `board` to `image` so far.

    `pcm_bytes`: of sound, answered; `window`: packets under way; `bad_frames`: dropped on either side, by CRC or
    stuffing; `limit`: `link` or `compute`, whichever the other waits for.
    """

    image: str
    board: str
    pcm_bytes: int
    window: int
    retransmits: int
    bad_frames: int
    resets: int
    reconnects: int
    limit: str


@dataclass(frozen=True)
class StopAsked:
    """A person has asked to stop; the clip in hand is waited for."""


Event = (
    StationStarted
    | StationAdvanced
    | StationFinished
    | ClipDone
    | JournalOpened
    | JournalHeld
    | LinkMoved
    | Retried
    | StopAsked
)
Subscriber = Callable[[Event], None]


class EventBus:
    """Hands every published event to every subscriber, in order of subscription."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def publish(self, event: Event) -> None:
        for subscriber in self._subscribers:
            subscriber(event)
