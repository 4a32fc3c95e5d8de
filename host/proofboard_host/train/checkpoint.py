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
from .network import FloatNetwork
from .network_file import arrays_of, network_of

FORMAT = "proofboard-checkpoint-2"


def save_checkpoint(network: FloatNetwork, path: Path) -> None:
    """Write `network` to `path`; the file is whole or not there."""
    arrays = {name: torch.from_numpy(array.copy()) for name, array in arrays_of(network).items()}
    state: dict[str, Any] = {"format": FORMAT, "sha256": network_hash(network), "arrays": arrays}
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
        network = network_of({name: tensor.numpy() for name, tensor in state["arrays"].items()})
    except (AttributeError, KeyError, TypeError, RuntimeError) as error:
        raise ModelFault("holds something else than a network's tensors", where=str(path), hint=hint) from error
    except ModelFault as fault:
        raise ModelFault(fault.seen, where=str(path), hint=hint) from fault
    if network_hash(network) != state.get("sha256"):
        raise ModelFault("its weights do not have the hash that was written with them", where=str(path), hint=hint)
    return network


def network_hash(network: FloatNetwork) -> str:
    """SHA-256 over shapes and little-endian values of all arrays, hex."""
    sha = hashlib.sha256()
    for name, array in arrays_of(network).items():
        sha.update(f"{name} {array.shape} {array.dtype}".encode())
        sha.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    return sha.hexdigest()
