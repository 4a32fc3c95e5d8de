"""The process that is killed on purpose in the proof of the link: streams an image as a run does, into a journal.

    python -m proofboard_harness.benchmarks.link_faults_worker ORDER WORK FAULTS

`ORDER` holds what `save_order` wrote, `WORK` takes `results.sqlite` and `progress.json`, and `FAULTS` is a plan as
`--inject` takes it, or empty. Called again with the same folders, it goes on where the journal ends.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..boards import load_board
from ..elf import Image
from ..errors import ProofboardError
from ..events import ClipDone, Event, EventBus, LinkMoved, Retried
from ..oracle import Outputs
from ..report.codec import write_whole
from ..results import ResultStore
from ..run_folder import JOURNAL
from ..spec import BoardSpec, LinkKind
from ..stream import StreamClip, StreamJob
from ..streaming import Flashable, stream_image
from ..symbols import build_id
from ..target import Identity
from ..transport.inject import FaultPlan

PROGRESS = "progress.json"
IMAGE = "compressed"  # a journal knows the images of a run
_ORDER, _PCM, _EXPECTED = "order.json", "pcm.npy", "expected.npz"


@dataclass(frozen=True)
class Order:
    """What to stream: to `board`, a name, over its link of a `kind`, the image `elf`, of which hello says
    `model_hash`; the clips by id."""

    board: str
    kind: str
    elf: str
    model_hash: str
    classes: list[str]
    layers: list[str]
    ids: list[str]


def save_order(folder: Path, order: Order, pcm: NDArray[np.int16], expected: Outputs) -> None:
    """Write an order with its sound, int16 [clips, window], and the reference's answers."""
    arrays: dict[str, Any] = {f"layer{index:02}": layer for index, layer in enumerate(expected.layers)}
    np.save(folder / _PCM, pcm)
    np.savez(folder / _EXPECTED, features=expected.features, words=expected.words, classes=expected.classes, **arrays)
    write_whole(folder / _ORDER, json.dumps(asdict(order)))


def carry_out(folder: Path, work: Path, faults: FaultPlan | None) -> None:
    """Stream what the journal in `work` does not hold yet, and tell how far it is after each clip."""
    order = Order(**json.loads((folder / _ORDER).read_text(encoding="utf-8")))
    elf = Image.load(Path(order.elf))
    clips = [StreamClip(name, "field", order.classes[0], name, row) for row, name in enumerate(order.ids)]
    pcm = np.load(folder / _PCM, mmap_mode="r")
    job = StreamJob(IMAGE, tuple(order.layers), tuple(order.classes), clips, pcm, _load_outputs(folder / _EXPECTED))
    bus = EventBus()
    bus.subscribe(_Teller(work / PROGRESS))
    with ResultStore(work / JOURNAL) as store:
        image = Flashable(elf, Identity(build_id(elf), order.model_hash))
        stream_image(job, image, _board(order), store, bus, lambda done, total, detail="": None, faults)


def _board(order: Order) -> BoardSpec:
    board = load_board(order.board)
    return replace(board, link=replace(board.link, kind=LinkKind(order.kind)))


class _Teller:
    """Keeps `progress.json` true: the counts of this process alone, whole at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts: dict[str, int] = {}
        self._tell({"clips": 0})

    def __call__(self, event: Event) -> None:
        match event:
            case ClipDone():
                self._tell({"clips": self._counts["clips"] + 1})
            case Retried():
                self._tell({"restarts": self._counts.get("restarts", 0) + 1})
            case LinkMoved():
                self._tell(
                    {
                        "retransmits": event.retransmits,
                        "bad_frames": event.bad_frames,
                        "resets": event.resets,
                        "reconnects": event.reconnects,
                    }
                )

    def _tell(self, news: Mapping[str, int]) -> None:
        self._counts |= news
        beside = self._path.with_suffix(".tmp")
        beside.write_text(json.dumps(self._counts), encoding="utf-8")
        beside.replace(self._path)


def _load_outputs(path: Path) -> Outputs:
    with np.load(path, allow_pickle=False) as stored:
        layers = tuple(stored[name] for name in sorted(stored.files) if name.startswith("layer"))
        return Outputs(stored["features"], stored["words"], stored["classes"], layers)


def main() -> None:
    """Exit code 1 and one line for an expected error."""
    folder, work, faults = sys.argv[1:]
    try:
        carry_out(Path(folder), Path(work), FaultPlan.parse(faults) if faults else None)
    except ProofboardError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
