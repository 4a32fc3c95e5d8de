"""What an image can hold: the limits of `firmware/include/proofboard`, for the host to check before it trains.

A test compares them with `network.h` and `protocol.h`.
"""

from __future__ import annotations

MAX_LAYERS = 16
"""Operators of a graph: PB_MAX_LAYERS."""

MAX_LOGITS = 16
"""Classes: PB_MAX_LOGITS."""

MAX_WINDOW = 128 * 320
"""PCM samples of a clip: PB_MAX_CHUNKS × PB_CHUNK_SAMPLES."""

MAX_TENSOR_BYTES = 65535
"""Bytes of any tensor between operators: sizes are uint16 in the operators' structs and on the wire."""
