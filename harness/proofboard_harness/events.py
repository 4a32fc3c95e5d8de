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


Event = StationStarted | StationAdvanced | StationFinished | ClipDone | JournalOpened | Retried
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
