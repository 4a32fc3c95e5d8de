"""The `Graph`: the one form between a trained network and the C that runs it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelFault
from .limits import MAX_LAYERS, MAX_LOGITS, MAX_TENSOR_BYTES
from .operators import Dense, DenseFloat, Operator, Quantise, Tensor, ToFloat, macs

_KINDS: dict[str, type[Operator]] = {kind.__name__: kind for kind in (Quantise, Dense, ToFloat, DenseFloat)}
# A wrong description: KeyError, TypeError, ValueError, AttributeError. A damaged archive: the others.
_UNREADABLE = (
    *(KeyError, TypeError, ValueError, AttributeError),
    *(EOFError, RuntimeError, zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True)
class Graph:
    """A chain of operators from int16 features [frames × mel bands] to one logit a class.

    Args:
        name: `baseline`, `compressed`, …: becomes a comment in the C.
        classes: names in the order of the logits.
        input: the features.
        operators: each takes what the one before it gives.
    """

    name: str
    classes: tuple[str, ...]
    input: Tensor
    operators: tuple[Operator, ...]

    def __post_init__(self) -> None:
        if not self.operators:
            raise ModelFault("the graph holds no operator", where=self.name)
        if len(self.operators) > MAX_LAYERS:
            raise ModelFault(f"{len(self.operators)} operators, an image holds {MAX_LAYERS}", where=self.name)
        if self.input.dtype != "int16":
            raise ModelFault(f"features are {self.input.dtype}, not int16", where=self.name)
        _check_size(self.input, self.name)
        tensor = self.input
        for operator in self.operators:
            wanted = _input_type(operator)
            if tensor.dtype != wanted:
                raise ModelFault(f"takes {wanted}, is given {tensor.dtype}", where=f"layer {operator.name}")
            inputs = operator.weights.shape[1] if isinstance(operator, Dense | DenseFloat) else operator.output.size
            if inputs != tensor.size:
                raise ModelFault(f"takes {inputs} inputs, is given {tensor.size}", where=f"layer {operator.name}")
            tensor = operator.output
            _check_size(tensor, f"layer {operator.name}")
        if tensor.size != len(self.classes):
            raise ModelFault(f"gives {tensor.size} logits for {len(self.classes)} classes", where=self.name)
        if tensor.dtype == "int8":
            raise ModelFault("logits must be int16 or float32", where=self.name)
        if tensor.size > MAX_LOGITS:
            raise ModelFault(f"{tensor.size} logits, an image holds {MAX_LOGITS}", where=self.name)
        _check_float_range(self.operators)

    @property
    def output(self) -> Tensor:
        """The logits."""
        return self.operators[-1].output

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(macs(operator) for operator in self.operators)

    @property
    def parameter_bytes(self) -> int:
        """Bytes of all weights, biases and requantisation constants."""
        return sum(array.nbytes for operator in self.operators for _, array in _arrays(operator))

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides the output, as hex: the model hash of hello."""
        sha = hashlib.sha256()
        description, arrays = _describe(self)
        sha.update(json.dumps(description, sort_keys=True).encode())
        for key in sorted(arrays):
            sha.update(key.encode() + np.ascontiguousarray(arrays[key]).tobytes())
        return sha.hexdigest()


def save_graph(graph: Graph, path: Path) -> None:
    """Write the graph to one `.npz` file: the arrays, and the rest as JSON in `description`."""
    description, arrays = _describe(graph)
    text = np.frombuffer(json.dumps(description).encode(), dtype=np.uint8)
    temporary = path.with_suffix(".tmp.npz")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, description=text, **arrays)  # type: ignore[arg-type]
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_graph(path: Path) -> Graph:
    """Read a graph back; pickled content is refused.

    Raises:
        ModelFault: the file is missing, is not a graph, or breaks a rule of `operators.py`.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            description = json.loads(archive["description"].tobytes())
            operators = []
            for index, entry in enumerate(description["operators"]):
                kind = _KINDS[entry.pop("kind")]
                output = Tensor(**entry.pop("output"))
                arrays = {key.partition(".")[2]: archive[key] for key in archive.files if key.startswith(f"{index}.")}
                operators.append(kind(output=output, **entry, **arrays))
            return Graph(
                description["name"],
                tuple(description["classes"]),
                Tensor(**description["input"]),
                tuple(operators),
            )
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
        "name": graph.name,
        "classes": list(graph.classes),
        "input": dataclasses.asdict(graph.input),
        "operators": operators,
    }
    return description, arrays


def _arrays(operator: Operator) -> list[tuple[str, np.ndarray]]:
    pairs = [(field.name, getattr(operator, field.name)) for field in dataclasses.fields(operator)]
    return [(name, value) for name, value in pairs if isinstance(value, np.ndarray)]


def _check_size(tensor: Tensor, where: str) -> None:
    if tensor.bytes > MAX_TENSOR_BYTES:
        raise ModelFault(f"a tensor of {tensor.bytes} bytes, an image holds {MAX_TENSOR_BYTES}", where=where)


def _check_float_range(operators: tuple[Operator, ...]) -> None:
    """No input may drive a float layer past float32: the bits of a NaN differ between processors.

    `bound` is the largest magnitude of the tensor in hand; half of float32's range is left to rounding.
    """
    bound = 0.0
    for operator in operators:
        if isinstance(operator, ToFloat):
            bound = 32768.0 * operator.scale
        if isinstance(operator, DenseFloat):
            with np.errstate(over="ignore"):
                weights = np.abs(operator.weights.astype(np.float64)).sum(axis=1)
                bound = float((weights * bound + np.abs(operator.bias.astype(np.float64))).max())
            if not bound < 2.0**127:
                raise ModelFault("some input drives the layer past float32", where=f"layer {operator.name}")


def _input_type(operator: Operator) -> str:
    match operator:
        case Quantise() | ToFloat():
            return "int16"
        case Dense():
            return "int8"
        case DenseFloat():
            return "float32"
