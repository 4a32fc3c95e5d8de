"""Convolutions of integers, pools and `Add` in C."""

from __future__ import annotations

from collections.abc import Sequence

from .emit_operator import array, calls, constants, headers, in_place, scratch_bytes
from .operators import Add, AveragePool2d, Conv2d, DepthwiseConv2d, MaxPool2d, Spatial
from .packing_conv import (
    fold_padding,
    gathered_bytes,
    group_rows,
    pack_depthwise,
    pack_filters,
    pack_scaling,
    product_scratch_bytes,
    stream_scratch_bytes,
    taps_scratch_bytes,
    unpacked_bytes,
)

_NO_PADDING = (0, 0, 0, 0)
_WORDS = "uint8_t __attribute__((aligned(4)))"


def is_pointwise(operator: Conv2d) -> bool:
    """Whether the convolution is a matrix product over pixels: 1×1, every pixel once."""
    return operator.weights.shape[1:3] == operator.stride == (1, 1) and operator.padding == _NO_PADDING


def is_3x3(operator: DepthwiseConv2d) -> bool:
    """Whether the kernel for 3×3, stride 1 and channels in fours takes it."""
    height, width, channels = operator.weights.shape
    return (height, width) == (3, 3) and operator.stride == (1, 1) and channels % 4 == 0


@constants.register
def _(operator: Conv2d, symbol: str) -> str:
    rows = operator.weights.reshape(len(operator.weights), -1)
    outputs, inputs = rows.shape
    filters = f"{{{inputs}, {outputs}, {group_rows(outputs, inputs)}, {symbol}__weights, {symbol}__scaling}}"
    if is_pointwise(operator):
        pixels = operator.output.shape[0] * operator.output.shape[1]
        parameters = f"static const pb_pointwise {symbol}__parameters = {{{pixels}, {filters}}};\n"
    else:
        window = window_initialiser(operator, (operator.weights.shape[1], operator.weights.shape[2]), operator.padding)
        parameters = f"static const pb_conv {symbol}__parameters = {{{window}, {operator.pad_value}, {filters}}};\n"
    return (
        array(_WORDS, f"{symbol}__weights", pack_filters(rows, operator.bits))
        + array("int32_t", f"{symbol}__scaling", pack_scaling(operator.bias, operator.multiplier))
        + parameters
    )


@constants.register
def _(operator: DepthwiseConv2d, symbol: str) -> str:
    window = window_initialiser(operator, (operator.weights.shape[0], operator.weights.shape[1]), operator.padding)
    bias = fold_padding(operator.bias, operator.weights, operator.pad_value)
    pointers = f"{symbol}__weights, {symbol}__scaling"
    return (
        array(_WORDS, f"{symbol}__weights", pack_depthwise(operator.weights, operator.bits))
        + array("int32_t", f"{symbol}__scaling", pack_scaling(bias, operator.multiplier))
        + f"static const pb_depthwise {symbol}__parameters = {{{window}, {operator.pad_value}, {pointers}}};\n"
    )


@constants.register
def _(operator: AveragePool2d, symbol: str) -> str:
    window = window_initialiser(operator, operator.kernel, _NO_PADDING)
    numbers = f"{operator.bias}, {operator.multiplier}"
    return f"static const pb_average_pool {symbol}__parameters = {{{window}, {numbers}}};\n"


@constants.register
def _(operator: MaxPool2d, symbol: str) -> str:
    window = window_initialiser(operator, operator.kernel, _NO_PADDING)
    return f"static const pb_conv_window {symbol}__parameters = {window};\n"


@constants.register
def _(operator: Add, symbol: str) -> str:
    numbers = f"{operator.output.size}, {operator.bias}, {operator.first}, {operator.second}, {operator.shift}"
    return f"static const pb_add {symbol}__parameters = {{{numbers}}};\n"


@calls.register
def _(operator: Conv2d, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    kind = "pointwise" if is_pointwise(operator) else "conv"
    return [f"pb_{kind}_s{operator.bits}_run(&{symbol}__parameters, {sources[0]}, {target}, {scratch});"]


@calls.register
def _(operator: DepthwiseConv2d, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    kind = "depthwise_3x3" if is_3x3(operator) else "depthwise"
    return [f"pb_{kind}_s{operator.bits}_run(&{symbol}__parameters, {sources[0]}, {target}, {scratch});"]


@calls.register
def _(operator: AveragePool2d, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    return [f"pb_average_pool_s8_run(&{symbol}__parameters, {sources[0]}, {target});"]


@calls.register
def _(operator: MaxPool2d, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    return [f"pb_max_pool_s8_run(&{symbol}__parameters, {sources[0]}, {target});"]


@calls.register
def _(operator: Add, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    return [f"pb_add_s8_run(&{symbol}__parameters, {sources[0]}, {sources[1]}, {target});"]


@headers.register
def _(operator: Conv2d) -> tuple[str, ...]:
    return ("pointwise.h" if is_pointwise(operator) else "conv.h",)


@headers.register
def _(operator: DepthwiseConv2d) -> tuple[str, ...]:
    return ("depthwise.h",)


@headers.register
def _(operator: AveragePool2d) -> tuple[str, ...]:
    return ("average_pool.h",)


@headers.register
def _(operator: MaxPool2d) -> tuple[str, ...]:
    return ("max_pool.h",)


@headers.register
def _(operator: Add) -> tuple[str, ...]:
    return ("add.h",)


@scratch_bytes.register
def _(operator: Conv2d) -> int:
    outputs = len(operator.weights)
    inputs = operator.weights.size // outputs
    patches = 0 if is_pointwise(operator) else gathered_bytes(inputs)
    return product_scratch_bytes(outputs, inputs) + patches


@scratch_bytes.register
def _(operator: DepthwiseConv2d) -> int:
    if is_3x3(operator):
        kernel = stream_scratch_bytes(max(operator.output.shape[:2]))
    else:
        kernel = taps_scratch_bytes(operator.weights)
    return unpacked_bytes(operator.weights, operator.bits) + kernel


@in_place.register
def _(operator: AveragePool2d | MaxPool2d | Add) -> bool:
    return True


def window_initialiser(operator: Spatial, kernel: tuple[int, int], padding: tuple[int, int, int, int]) -> str:
    """Initialiser of a `pb_conv_window`."""
    numbers = (*operator.input_shape, *operator.output.shape[:2], *kernel, *operator.stride, padding[0], padding[2])
    return f"{{{', '.join(map(str, numbers))}}}"
