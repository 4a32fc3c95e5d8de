"""All that the final table, `summary.json`, the JUnit file and the HTML page say, as data.

The run fills one `RunRecord`; the writers of this package only read it. Every number of it has a source: the class
that holds it names it, or a field does. `codec` turns a record into JSON and back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ..measurement import Source
from ..profile.figures import ImageProfile, LayerFacts


@dataclass(frozen=True)
class Proportion:
    """`correct` of `total` clips; `lower` and `upper` (0..1) bound the true share, 95 %."""

    correct: int
    total: int
    lower: float
    upper: float

    def __post_init__(self) -> None:
        if not (0 <= self.correct <= self.total and self.total > 0):
            raise ValueError(f"{self.correct} of {self.total} is no proportion")

    @property
    def value(self) -> float:
        """The share, 0..1."""
        return self.correct / self.total


@dataclass(frozen=True)
class Score:
    """How well one image does on one set of clips.

    `host`: by the reference over the whole set. `target`: by the target over the clips streamed, and
    `host_streamed` by the reference over just those, so that like stands beside like. The recalls are of the
    positive class. None = not asked (k-fold clips aren't streamed).
    """

    host: Proportion
    target: Proportion | None = None
    host_streamed: Proportion | None = None
    recall_host: Proportion | None = None
    recall_target: Proportion | None = None


@dataclass(frozen=True)
class Part:
    """A named piece of memory, in bytes: a section of the ELF or a layer of the network."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Rom:
    """All that is programmed into flash, in bytes (linked).

    `fixed`: what no network changes (start-up, link, front end, C library); `weights`: the weights and biases. The rest
    is `other`: what the network brings besides them (kernels, calls, scales). `predicted`: from the graph.
    """

    total: int
    fixed: int
    weights: int
    predicted: int | None = None
    sections: tuple[Part, ...] = ()
    layers: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        if self.fixed + self.weights > self.total:
            raise ValueError(f"ROM parts {self.fixed} + {self.weights} exceed the total of {self.total}")

    @property
    def other(self) -> int:
        return self.total - self.fixed - self.weights


@dataclass(frozen=True)
class Ram:
    """`total` static RAM with the reserved stack (linked), `predicted` from the graph,
    `stack_reserved` (linked) and `stack_high_water` (painted, read on the target); bytes."""

    total: int
    stack_reserved: int
    stack_high_water: int
    predicted: int | None = None


@dataclass(frozen=True)
class Cost:
    """What one inference costs: `predicted` from the graph, `target` as counted; `source` says how it was counted.

    Modelled cycles are those without wait states; `lower` and `upper` bound them: `upper` with the board's. None:
    counted, not modelled. `instructions` is what a simulator executed.
    """

    predicted: float
    target: float
    unit: str
    source: Source
    lower: float | None = None
    upper: float | None = None
    instructions: float | None = None

    @property
    def error(self) -> float | None:
        """Of the prediction, as a fraction of the target's count."""
        return self.predicted / self.target - 1 if self.target else None


@dataclass(frozen=True)
class ImageRecord:
    """One image. Confusion matrices: row = label, column = prediction, both in the order of `RunRecord.classes`.

    `build_id` and `model_hash` (hex) are what hello says, `elf_sha256` is of the file flashed; `layers` are the
    graph's, in the order they run; `profile` is None where nothing counts cycles by layer: on a board.
    """

    kfold: Score
    field: Score
    rom: Rom
    ram: Ram
    macs: int
    frontend: Cost
    network: Cost
    confusion_kfold: tuple[tuple[int, ...], ...]
    confusion_field: tuple[tuple[int, ...], ...]
    build_id: str = ""
    model_hash: str = ""
    elf_sha256: str = ""
    layers: tuple[LayerFacts, ...] = ()
    profile: ImageProfile | None = None


@dataclass(frozen=True)
class PairedComparison:
    """Compressed less baseline on the same clips of `split`.

    `difference` of accuracy with its 90 % interval (fractions, compressed − baseline), exact McNemar `p`, the
    `margin` of non-inferiority (a positive fraction) and whether accuracy counts as `kept` (`lower` > −`margin`).
    """

    split: str
    difference: float
    lower: float
    upper: float
    mcnemar_p: float
    margin: float
    kept: bool


@dataclass(frozen=True)
class BitExact:
    """Target against integer reference over all clips streamed, both images."""

    clips: int
    mismatches: int
    first_mismatch: str = ""


class RungStatus(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Rung:
    """One rung of the ladder of oracles: what was compared with the rung above, over how many cases.

    `mismatches` is None on the rungs that aren't compared bit by bit: the float network and its loss by quantisation.
    """

    name: str
    compared: str
    cases: int
    mismatches: int | None
    status: RungStatus


@dataclass(frozen=True)
class LinkFigures:
    """What went over the link in both directions; `seconds` of streaming, `lanes` = targets side by side.

    What was survived: `resets` of the target, `reconnects` of a link that broke, `restarts` of board or simulator.
    `injected`: faults were made on purpose, as told by `--inject`; empty: none.
    """

    bytes: int
    seconds: float
    retransmits: int
    crc_errors: int
    lanes: int = 1
    resets: int = 0
    reconnects: int = 0
    restarts: int = 0
    injected: str = ""

    @property
    def survived(self) -> str:
        """The faults that the run got over, in words; empty: it met none."""
        counts = {"target resets": self.resets, "reconnections": self.reconnects, "restarts": self.restarts}
        met = [f"{name}: {count}" for name, count in counts.items() if count]
        asked = [f"faults on purpose ({self.injected})"] if self.injected else []
        return ", ".join(met + asked)

    @property
    def bytes_per_second(self) -> float:
        return self.bytes / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class WrongClip:
    """A field clip that an image got wrong.

    `origin` is where the recording comes from (package and path); `array` a .npy file relative to the run folder:
    int16 PCM of shape (samples,), or a spectrogram of shape (frames, bins).
    """

    image: str
    clip_id: str
    origin: str
    label: str
    predicted: str
    array: str


@dataclass(frozen=True)
class CandidateRecord:
    """A network that compression tried.

    `rom` and `ram` in bytes (linked), `macs`, `cycles` of a decision (predicted, if no memory waits). Against the
    baseline, out of fold, as fractions (host): `accuracy`, `recall` of the positive class and accuracy in `rooms`, each
    with its one-sided 95 % bound; None where that was not judged. `calibration`: expected calibration error;
    `margin_shift`: mean change of the true class's probability. `front`: no other beats it in ROM, cycles and bound of
    accuracy at once. `failure`: why it has no figures.
    """

    number: int
    label: str
    front: bool = False
    confirmed: bool = False
    rom: int = 0
    ram: int = 0
    macs: int = 0
    cycles: float = 0.0
    accuracy: float | None = None
    accuracy_lower: float | None = None
    recall: float | None = None
    recall_lower: float | None = None
    rooms: float | None = None
    rooms_lower: float | None = None
    calibration: float | None = None
    margin_shift: float | None = None
    failure: str = ""


@dataclass(frozen=True)
class SearchRecord:
    """The search that found the compressed network.

    `deployed` is the candidate in the image; `seconds` of searching, which a run may have had from the cache; `rule`
    says in sentences what decided; `picture` is a .png relative to the run folder.
    """

    deployed: int
    seconds: float
    candidates: tuple[CandidateRecord, ...]
    rule: tuple[str, ...]
    picture: str


@dataclass(frozen=True)
class BoardFacts:
    """`flash_bytes` and `ram_bytes` are what the board has; `simulated` is said wherever a figure could mislead;
    `image_of` is the board that the images were built for, this one or another that it plays.

    `chip`: what hello said of this very chip, `<part number> <unique id in hex>`; empty where it has none.
    """

    name: str
    title: str
    simulated: bool
    flash_bytes: int
    ram_bytes: int
    image_of: str = ""
    chip: str = ""


@dataclass(frozen=True)
class RunRecord:
    """One run, whole. `run_folder` as a person would type it, `made_at` ISO 8601 with offset, `command` makes it again.

    `search` is None where compression only quantised.
    `clips_kfold` and `clips_field` count clips of the data set, `sample_rate` is in Hz, `interval_method` names how
    the 95 % intervals of the proportions were made.
    """

    app: str
    title: str
    board: BoardFacts
    run_folder: str
    made_at: str
    seconds: float
    command: str
    classes: tuple[str, ...]
    positive: str
    sample_rate: int
    clips_kfold: int
    clips_field: int
    interval_method: str
    baseline: ImageRecord
    compressed: ImageRecord
    bit_exact: BitExact
    link: LinkFigures
    ladder: tuple[Rung, ...] = ()
    comparison: PairedComparison | None = None
    search: SearchRecord | None = None
    wrong_clips: tuple[WrongClip, ...] = ()
    tools: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
