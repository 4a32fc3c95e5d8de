"""The `Graph`: the one form between a trained network and the C that runs it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from ..errors import ModelFault
from .checks import is_integer
from .limits import MAX_LAYERS, MAX_LOGITS, MAX_TENSOR_BYTES
from .operators import Operator, Tensor, macs, stored_bytes
from .wiring import Sources, chain_sources, check_float_range, check_wiring

FORMAT = 2
"""Of the file: 1 had chains of fully connected layers with a shift per output."""

_DESCRIPTION = "description"
# A wrong description: KeyError, TypeError, ValueError, AttributeError. A damaged archive: the others.
_UNREADABLE = (
    *(KeyError, TypeError, ValueError, AttributeError),
    *(EOFError, RuntimeError, MemoryError, SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True)
class Graph:
    """Operators from int16 features [frames × mel bands] to one logit a class, in the order they run.

    Args:
        name: `baseline`, `compressed`, …: becomes a comment in the C.
        classes: names in the order of the logits.
        input: the features.
        operators: the last one gives the logits, int16 or float32.
        sources: for each operator the tensors it reads: 0 is the features, i the output of operator i − 1. Empty: each
            operator reads what the one before it gives.
    """

    name: str
    classes: tuple[str, ...]
    input: Tensor
    operators: tuple[Operator, ...]
    sources: Sources = ()

    def __post_init__(self) -> None:
        names = (self.name, *self.classes, *(operator.name for operator in self.operators))
        self._require(all(isinstance(name, str) for name in names), f"a name in {names!r} is no text")
        self._require(len(self.operators) > 0, "the graph holds no operator")
        self._require(
            len(self.operators) <= MAX_LAYERS, f"{len(self.operators)} operators, an image holds {MAX_LAYERS}"
        )
        self._require(self.input.dtype == "int16", f"features are {self.input.dtype}, not int16")
        self._require(
            self.input.bytes <= MAX_TENSOR_BYTES,
            f"a tensor of {self.input.bytes} bytes, an image holds {MAX_TENSOR_BYTES}",
        )
        self._check_sources()
        check_wiring(self.tensors, self.operators, self.wiring)
        check_float_range(self.operators, self.wiring)
        logits = self.output
        self._require(logits.size == len(self.classes), f"gives {logits.size} logits for {len(self.classes)} classes")
        self._require(logits.dtype != "int8", "logits must be int16 or float32")
        self._require(logits.size <= MAX_LOGITS, f"{logits.size} logits, an image holds {MAX_LOGITS}")

    @property
    def output(self) -> Tensor:
        """The logits."""
        return self.operators[-1].output

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The features, then each operator's output: what `sources` counts."""
        return (self.input, *(operator.output for operator in self.operators))

    @property
    def wiring(self) -> Sources:
        """`sources`, written out where it is empty."""
        return self.sources or chain_sources(self.operators)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(macs(operator) for operator in self.operators)

    @property
    def parameter_bytes(self) -> int:
        """Bytes of all weights at their width, biases and requantisation constants."""
        return sum(stored_bytes(operator) for operator in self.operators)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides the output, as hex: the model hash of hello."""
        sha = hashlib.sha256()
        description, arrays = _describe(self)
        sha.update(json.dumps(description, sort_keys=True).encode())
        for key in sorted(arrays):
            values = np.ascontiguousarray(arrays[key])
            sha.update(f"{key} {values.shape}".encode() + values.tobytes())
        return sha.hexdigest()

    def _check_sources(self) -> None:
        entries = self.sources
        self._require(
            isinstance(entries, tuple)
            and len(entries) in (0, len(self.operators))
            and all(isinstance(read, tuple) and all(is_integer(index) for index in read) for read in entries),
            f"sources {entries!r} are not one tuple of tensors per operator",
        )

    def _require(self, fact: bool, seen: str) -> None:
        if not fact:
            raise ModelFault(seen, where=self.name)


def save_graph(graph: Graph, path: Path) -> None:
    """Write the graph to one `.npz` file: the arrays, and the rest as JSON in `description`."""
    description, arrays = _describe(graph)
    text = np.frombuffer(json.dumps(description).encode(), dtype=np.uint8)
    temporary = path.with_suffix(".tmp.npz")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **{_DESCRIPTION: text}, **arrays)  # type: ignore[arg-type]
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_graph(path: Path) -> Graph:
    """Read a graph back; pickled content is refused.

    Raises:
        ModelFault: the file is missing, is not a graph of this format, or breaks a rule of `operators.py`.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            description = json.loads(archive[_DESCRIPTION].tobytes())
            arrays = {key: archive[key] for key in archive.files if key != _DESCRIPTION}
        written = description.pop("format", 1)
        if written != FORMAT:
            raise ValueError(f"its format is {written!r}, not {FORMAT}")
        return _restore(arrays, **description)
    except OSError as error:
        raise ModelFault(f"can't be read: {error}", where=str(path)) from error
    except _UNREADABLE as error:
        raise ModelFault(f"is not a graph: {error}", where=str(path), hint="make it anew") from error


def _describe(graph: Graph) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    arrays: dict[str, np.ndarray] = {}
    operators = []
    for index, operator in enumerate(graph.operators):
        entry: dict[str, Any] = {"kind": type(operator).__name__, "output": dataclasses.asdict(operator.output)}
        for field in dataclasses.fields(operator):
            value = getattr(operator, field.name)
            if isinstance(value, np.ndarray):
                arrays[f"{index}.{field.name}"] = value
            elif field.name != "output":
                entry[field.name] = value
        operators.append(entry)
    description = {
        "format": FORMAT,
        "name": graph.name,
        "classes": list(graph.classes),
        "input": dataclasses.asdict(graph.input),
        "operators": operators,
        "sources": graph.wiring,
    }
    return description, arrays


def _restore(
    arrays: Mapping[str, np.ndarray],
    *,
    name: str,
    classes: list[str],
    input: dict[str, Any],
    operators: list[dict[str, Any]],
    sources: list[list[int]],
) -> Graph:
    """The graph from a file's arrays and description; any key too many or too few is a TypeError or ValueError."""
    kinds = {kind.__name__: kind for kind in get_args(Operator)}
    restored: list[Operator] = []
    used = 0
    for index, entry in enumerate(operators):
        own = {key.partition(".")[2]: values for key, values in arrays.items() if key.startswith(f"{index}.")}
        used += len(own)
        fields = {key: _tuples(value) for key, value in entry.items() if key not in ("kind", "output")}
        restored.append(kinds[entry["kind"]](output=_tensor(entry["output"]), **fields, **own))
    if used != len(arrays):
        raise ValueError(f"{len(arrays) - used} arrays belong to no operator")
    if not isinstance(classes, list):
        raise ValueError(f"classes {classes!r} are no list")
    return Graph(name, tuple(classes), _tensor(input), tuple(restored), _tuples(sources))


def _tensor(description: dict[str, Any]) -> Tensor:
    return Tensor(**{key: _tuples(value) for key, value in description.items()})


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples they were."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
