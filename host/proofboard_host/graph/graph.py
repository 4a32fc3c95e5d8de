"""The `Graph`: the one form between a trained network and the C that runs it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelFault
from .operators import Dense, DenseFloat, Operator, Quantise, Tensor, ToFloat, macs

_KINDS: dict[str, type[Operator]] = {kind.__name__: kind for kind in (Quantise, Dense, ToFloat, DenseFloat)}


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
        tensor = self.input
        for operator in self.operators:
            wanted = _input_type(operator)
            if tensor.dtype != wanted:
                raise ModelFault(f"takes {wanted}, is given {tensor.dtype}", where=f"layer {operator.name}")
            inputs = operator.weights.shape[1] if isinstance(operator, Dense | DenseFloat) else operator.output.size
            if inputs != tensor.size:
                raise ModelFault(f"takes {inputs} inputs, is given {tensor.size}", where=f"layer {operator.name}")
            tensor = operator.output
        if tensor.size != len(self.classes):
            raise ModelFault(f"gives {tensor.size} logits for {len(self.classes)} classes", where=self.name)
        if tensor.dtype == "int8":
            raise ModelFault("logits must be int16 or float32", where=self.name)

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
    with temporary.open("wb") as file:
        np.savez_compressed(file, description=text, **arrays)  # type: ignore[arg-type]
    temporary.replace(path)


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
                arrays = {
                    key.partition(".")[2]: archive[key] for key in archive.files if key.startswith(f"{index}.")
                }
                operators.append(kind(output=output, **entry, **arrays))
            return Graph(
                description["name"],
                tuple(description["classes"]),
                Tensor(**description["input"]),
                tuple(operators),
            )
    except OSError as error:
        raise ModelFault(f"can't be read: {error}", where=str(path)) from error
    except (KeyError, TypeError, ValueError) as error:
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


def _input_type(operator: Operator) -> str:
    match operator:
        case Quantise() | ToFloat():
            return "int16"
        case Dense():
            return "int8"
        case DenseFloat():
            return "float32"
