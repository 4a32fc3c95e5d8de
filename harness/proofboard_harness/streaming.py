"""One image streamed whole: on its board, or on a simulator that is started anew when it dies in the midst of it."""

from __future__ import annotations

from dataclasses import dataclass

from .elf import Image
from .errors import BenchFault, ProbeFault
from .events import EventBus, Retried
from .results import ResultStore
from .retry import retried
from .spec import BoardSpec
from .stream import StreamJob, StreamOutcome, StreamProgress, flashed_target, stream
from .target import Identity, LinkStatistics
from .transport.inject import FaultPlan


@dataclass(frozen=True)
class Flashable:
    """An image and what hello must say of it."""

    elf: Image
    identity: Identity


def stream_image(
    job: StreamJob,
    image: Flashable,
    spec: BoardSpec,
    store: ResultStore,
    bus: EventBus,
    progress: StreamProgress,
    faults: FaultPlan | None = None,
) -> StreamOutcome:
    """Flash `image`, have it prove who it is, and stream the clips of `job` that `store` does not hold yet.

    After a fault of bench or probe the board is opened, flashed and asked anew, and the stream goes on where the
    journal ends; see `retry`. `faults` is what is to go wrong on purpose.
    """
    statistics = LinkStatistics()

    def attempt(number: int) -> StreamOutcome:
        statistics.attempts = number
        plan = None if faults is None else faults.elsewhere(number + store.counts(job.image).clips)
        with flashed_target(spec, image.elf, image.identity, faults=plan, statistics=statistics) as (_, target):
            return stream(job, target, spec, store, bus, progress, attempt=number)

    def tell(fault: BenchFault | ProbeFault) -> None:
        bus.publish(Retried(job.image, f"{fault.where}: {fault.seen}" if fault.where else fault.seen))

    return retried(attempt, lambda: store.counts(job.image).clips, tell)
