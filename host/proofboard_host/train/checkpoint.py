"""A float32 network on disk as a PyTorch checkpoint: tensors and a hash, never code.

`torch.save` for others' tools; read with `weights_only=True`, which refuses anything that would run code
(https://pytorch.org/docs/stable/notes/serialization.html).
"""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import ModelFault
from .network import FloatLayer, FloatNetwork

FORMAT = "proofboard-checkpoint-1"


def save_checkpoint(network: FloatNetwork, path: Path) -> None:
    """Write `network` to `path`; the file is whole or not there."""
    state: dict[str, Any] = {"format": FORMAT, "sha256": network_hash(network), "layers": []}
    for layer in network.layers:
        state["layers"].append(
            {"weight": torch.from_numpy(layer.weights.copy()), "bias": torch.from_numpy(layer.bias.copy())}
        )
    temporary = path.with_name(path.name + ".tmp")
    torch.save(state, temporary)
    temporary.replace(path)


def load_checkpoint(path: Path) -> FloatNetwork:
    """Read a checkpoint back.

    Raises:
        ModelFault: not there, not a checkpoint of ours, or not what was written.
    """
    hint = "train anew, or take the file from where it was written"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelFault(f"can't be read: {error.strerror or error}", where=str(path), hint=hint) from error
    except (RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise ModelFault("is not a PyTorch checkpoint of plain tensors", where=str(path), hint=hint) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ModelFault(f"is not a {FORMAT} file", where=str(path), hint=hint)
    try:
        network = FloatNetwork(
            tuple(FloatLayer(entry["weight"].numpy(), entry["bias"].numpy()) for entry in state["layers"])
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ModelFault("lacks a layer's weight or bias", where=str(path), hint=hint) from error
    if network_hash(network) != state.get("sha256"):
        raise ModelFault("its weights do not have the hash that was written with them", where=str(path), hint=hint)
    return network


def network_hash(network: FloatNetwork) -> str:
    """SHA-256 over shapes and little-endian values of all layers, hex."""
    sha = hashlib.sha256()
    for layer in network.layers:
        for array in (layer.weights, layer.bias):
            sha.update(repr(array.shape).encode())
            sha.update(np.ascontiguousarray(array, "<f4").tobytes())
    return sha.hexdigest()
