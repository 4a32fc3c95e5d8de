"""What a profile says of an image, as data. All counts are means over its clips, of one clip."""

from __future__ import annotations

from dataclasses import dataclass

from ..measurement import Measurement, Source


@dataclass(frozen=True)
class LayerFacts:
    """What the graph alone says of a layer: its operator, multiply-accumulates, and cycles as `predicted`."""

    name: str
    kind: str
    macs: int
    predicted: float


@dataclass(frozen=True)
class Cycles:
    """Cycles of the core of one clip, and what they were spent on.

    Modelled: `low` if no memory waits, `high` with the board's wait states. Measured: both are the counter's, which
    tells neither instructions nor bytes.
    """

    low: float
    high: float
    instructions: float | None = None
    bytes_read: float | None = None
    bytes_written: float | None = None


@dataclass(frozen=True)
class LayerCost:
    """A layer of the network, a stage of the front end, or a sum of them.

    `kind` is the operator or empty; `predicted` None where nothing predicts it, `macs` None where it has none.
    """

    name: str
    kind: str
    calls: float
    cycles: Cycles
    predicted: float | None = None
    macs: int | None = None

    @property
    def error(self) -> float | None:
        """Of the prediction: 0.02 if it is 2 % above the zero-wait cycles."""
        if self.predicted is None or self.cycles.low == 0:
            return None
        return self.predicted / self.cycles.low - 1

    @property
    def cycles_per_mac(self) -> float | None:
        """Zero-wait cycles for each multiply-accumulate."""
        return self.cycles.low / self.macs if self.macs else None

    def measurement(self, source: Source) -> Measurement:
        """The cycles with their source; a model's lie between no wait states and the board's."""
        if source is Source.MEASURED:
            return Measurement(self.name, self.cycles.low, "cycles", source)
        return Measurement(self.name, self.cycles.low, "cycles", source, self.cycles.low, self.cycles.high)


@dataclass(frozen=True)
class Times:
    """Milliseconds of one clip, front end and network together, at the board's nominal clock.

    `predicted` and `low` if no memory waits, `high` with the board's wait states.
    """

    predicted: float
    low: float
    high: float


@dataclass(frozen=True)
class FunctionCost:
    """A function over all its callers: `own` without the functions it calls, `total` with them."""

    name: str
    calls: float
    own: Cycles
    total: Cycles


@dataclass(frozen=True)
class Frame:
    """A rectangle of the flame graph: a function or a layer, with what it calls.

    `cycles` are with those of the children; `part` is `frontend`, `network` or empty.
    """

    name: str
    part: str
    calls: float
    cycles: Cycles
    children: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class ImageProfile:
    """Where the cycles of an image go. `layers` and `stages` each end with the rest, so that they add up.

    Attributes:
        image: `baseline` or `compressed`.
        clips: streamed for this.
        mismatches: of them, answers with other logits than the reference's.
        source: `modelled` on a simulator, `measured` on a board. Only QEMU counts by function: elsewhere the board's
            counter is read around front end and network, and there are no stages, layers, functions or frames.
        clock_hz: the board's nominal clock.
        frontend, network: the whole of each.
        stages: of the front end, all frames of a clip together.
        layers: of the network.
        functions: the most own cycles first.
        frames: of the flame graph, by path of calls.
    """

    image: str
    clips: int
    mismatches: int
    source: Source
    clock_hz: int
    frontend: LayerCost
    network: LayerCost
    stages: tuple[LayerCost, ...] = ()
    layers: tuple[LayerCost, ...] = ()
    functions: tuple[FunctionCost, ...] = ()
    frames: tuple[Frame, ...] = ()

    @property
    def times(self) -> Times:
        """What its cycles would take."""
        parts = (self.frontend, self.network)
        sums = (
            sum(part.predicted or 0.0 for part in parts),
            sum(part.cycles.low for part in parts),
            sum(part.cycles.high for part in parts),
        )
        return Times(*(1000 * cycles / self.clock_hz for cycles in sums))
