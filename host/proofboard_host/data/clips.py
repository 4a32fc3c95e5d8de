"""What every later station gets from the data station: clips with their origin, and their sound as one array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "field"]
SPLITS: tuple[Split, ...] = ("train", "field")


@dataclass(frozen=True)
class Clip:
    """One fixed window of one recording.

    Attributes:
        id: unique and stable: `<first 16 hex digits of sha256>@<start>`.
        label: one of `Dataset.classes`.
        split: `train` may be learnt from (in folds by `group`); `field` is only ever measured on.
        group: speaker, unit, language or piece; near-duplicates of it included. Never on two sides of any split.
        package: Debian package, or the name of the user's folder.
        version: of the package; empty for a user's own data.
        path: inside the package; a member of an archive follows the archive's path after `!`.
        start: first sample of the window in the decoded recording; negative where zeros were put before it.
        licence: short name as in the package's `copyright` file; `unstated` for a user's own data.
        sha256: of the source file's bytes, hex.
        kind: what the recipe calls the recording (`cry`, `grunt`, `speech`, `music`, ...).
    """

    id: str
    label: str
    split: Split
    group: str
    package: str
    version: str
    path: str
    start: int
    licence: str
    sha256: str
    kind: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """All clips of an application. `pcm` row i is the sound of `clips[i]`.

    Attributes:
        name: of the recipe, or of the user's folder.
        classes: in the order of the logits; a label's index is its place here.
        pcm: int16 [clips, window], 16 kHz mono as `audio.sample_rate` says; may be a read-only memory map.
        fingerprint: SHA-256 over name, classes, every field of every clip, and every sample.
        notices: what a person should know and that stops nothing, such as an optional package that is missing.
    """

    name: str
    classes: tuple[str, ...]
    clips: tuple[Clip, ...]
    pcm: NDArray[np.int16]
    fingerprint: str
    notices: tuple[str, ...] = ()

    def indices(self, split: Split) -> NDArray[np.intp]:
        """Rows of `pcm` on one side, ascending."""
        return np.array([row for row, clip in enumerate(self.clips) if clip.split == split], dtype=np.intp)

    def labels(self, split: Split) -> NDArray[np.int64]:
        """Class index of each row of `indices(split)`."""
        index_of = {name: index for index, name in enumerate(self.classes)}
        return np.array([index_of[clip.label] for clip in self.clips if clip.split == split], dtype=np.int64)

    def groups(self, split: Split) -> tuple[str, ...]:
        """Group of each row of `indices(split)`: what folds must not tear apart."""
        return tuple(clip.group for clip in self.clips if clip.split == split)
