"""Bytes of the firmware's code, by `tests/sim/code_sizes.py --write`: GCC 12.2, its build file's flags."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FIRMWARE_ROM = 5500
"""Flash that is in every image: start-up, link, front end without its tables, C library."""

FIRMWARE_RAM = 13228
"""RAM that depends on neither application nor network: stack, buffers of the link."""

NETWORK_BYTES, NETWORK_LAYER_BYTES = 60, 45
"""The code of a generated network, and of each of its layers."""

CODE_BYTES: Mapping[str, int] = MappingProxyType(
    {
        "add_s8": 260,
        "argmax_f32": 56,
        "argmax_s32": 44,
        "average_pool_s8": 520,
        "conv_engine": 328,
        "conv_f32": 392,
        "conv_patches": 188,
        "conv_product_m33": 436,
        "conv_s2": 48,
        "conv_s4": 48,
        "conv_s8": 48,
        "conv_source": 324,
        "conv_weights_s2": 84,
        "conv_weights_s4": 100,
        "conv_weights_s8": 68,
        "dense_f32": 64,
        "dense_s2": 736,
        "dense_s4": 508,
        "dense_s8": 424,
        "dense_s8_wide": 368,
        "depthwise_3x3_m33": 924,
        "depthwise_3x3_s2": 124,
        "depthwise_3x3_s4": 124,
        "depthwise_blocks_m33": 616,
        "depthwise_s2": 124,
        "depthwise_s4": 124,
        "depthwise_s8": 408,
        "depthwise_stream_m33": 144,
        "depthwise_taps_m33": 324,
        "max_pool_s8": 376,
        "pointwise_s2": 48,
        "pointwise_s4": 48,
        "pointwise_s8": 48,
        "quantise": 232,
        "relu_f32": 44,
        "to_float": 36,
    }
)
"""By source file of the firmware: what a kernel that is called takes of flash."""

MEMCPY_BYTES = 236
"""The C library's memcpy, which only some networks need."""

MEMCPY_CALLERS = frozenset({"conv_engine"})
"""Source files that call it; a network of float32 logits does as well."""
