"""What the link to one board does just now, as a person reads it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .events import LinkMoved
from .rate_meter import RateMeter


@dataclass
class LinkProgress:
    """The last report of a board's link, and how fast sound has arrived lately."""

    last: LinkMoved
    _meter: RateMeter = field(default_factory=RateMeter)

    def move(self, now: float, event: LinkMoved) -> None:
        """Take a report in; `now` in seconds."""
        self.last = event
        self._meter.report(now, event.pcm_bytes)

    @property
    def is_troubled(self) -> bool:
        """Whether anything had to be repaired."""
        last = self.last
        return bool(last.retransmits or last.bad_frames or last.resets or last.reconnects)

    def describe(self) -> str:
        """`61.2 kB/s, compute-bound, window 6, 0 resent, 0 CRC errors`, and resets and reconnects if there were any.

        The rate is that of sound (1 kB = 1,000 bytes) which the target has acknowledged by a result.
        """
        last, rate = self.last, self._meter.rate
        parts = [] if rate is None else [f"{rate / 1000:,.1f} kB/s"]
        parts += [f"{last.limit}-bound", f"window {last.window}", f"{last.retransmits:,} resent"]
        parts.append(_counted(last.bad_frames, "CRC error"))
        parts += [_counted(last.resets, "reset")] if last.resets else []
        parts += [_counted(last.reconnects, "reconnect")] if last.reconnects else []
        return ", ".join(parts)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
