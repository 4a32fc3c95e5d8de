"""A network that was made and judged; and where networks are kept, so that a benchmark can be made in pieces."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType

from ..errors import ModelFault
from ..search.costs import Costs
from ..search.points import Figures
from ..search.rule import AccuracyRule
from ..search.store import Compressed, load_compressed, save_compressed


@dataclass(frozen=True)
class Cell:
    """One method's network of one size and one seed.

    Attributes:
        method, size: what was done, and how far.
        seed: of training, of baseline and network.
        costs: of the image as linked, with all weights dense.
        weight_bytes: of the weights, `dense` and by each sparse coding.
        figures: against the baseline of the same seed.
    """

    method: str
    size: str
    seed: int
    macs: int
    parameter_bytes: int
    costs: Costs
    weight_bytes: dict[str, int]
    figures: Figures

    def kept(self, rule: AccuracyRule) -> bool:
        """Not worse than the baseline."""
        return self.figures.kept(rule)


@dataclass(frozen=True)
class NetworkStore:
    """Networks in `folder` with their out-of-fold answers, each under the hash of all that they were made of.

    Judging and linking are not kept: they are quick, and follow the rule, the firmware and the compiler of the day.
    """

    folder: Path

    def obtain(self, key: str, make: Callable[[], Compressed]) -> Compressed:
        """The network of that key, made where it is not there, or not whole."""
        try:
            return load_compressed(self.folder, key)
        except ModelFault:
            made = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        save_compressed(made, self.folder, key)
        return made


def key_of(*parts: object) -> str:
    """A name for what `parts` lead to: modules, functions and classes count by their source, packages by all of their
    modules' sources, anything else by its `repr`."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(_text(part).encode() + b"\0")
    return sha.hexdigest()[:32]


def _text(part: object) -> str:
    if isinstance(part, ModuleType) and hasattr(part, "__path__"):
        sources = sorted(Path(part.__path__[0]).glob("*.py"))
        return "".join(f"{source.name}\0{source.read_text(encoding='utf-8')}" for source in sources)
    if isinstance(part, ModuleType | FunctionType | type):
        return inspect.getsource(part)
    return repr(part)
