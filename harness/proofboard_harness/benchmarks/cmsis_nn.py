"""Layers as calls of CMSIS-NN 4.0.0: the functions that its own wrappers choose for int8 on a core with the DSP
extension.

CMSIS-NN keeps zero points apart from the bias, scales by a Q31 multiplier and a shift, and rounds twice; an output
may differ from ours by one step for that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..product import LayerTensors
from .c_arrays import constant

INCLUDE = '#include "arm_nnfunctions.h"\n'
_BUFFER_BYTES = 8192
_CLAMP = "{-127, 127}"


def network_source(name: str, layers: Sequence[LayerTensors], values: NDArray[np.int8]) -> str:
    """C that defines `void <name>(void)`, which runs the layers on `values`, and `int8_t <name>__output[]`."""
    largest = max((math.prod(layer.output_shape) for layer in layers[:-1]), default=1)
    lines, source = [], f"{name}__input"
    for index in range(len(layers)):
        target = f"{name}__output" if index == len(layers) - 1 else f"{name}__between[{index % 2}]"
        lines.append(f"    {name}__layer_{index}({source}, {target});")
        source = target
    return "".join(
        [
            INCLUDE,
            f"void {name}(void);\n",
            constant(f"{name}__input", values),
            f"static int8_t {name}__between[2][{largest}] __attribute__((aligned(4)));\n",
            f"int8_t {name}__output[{math.prod(layers[-1].output_shape)}] __attribute__((aligned(4)));\n",
            f"static int32_t {name}__buffer[{_BUFFER_BYTES // 4}];\n",
            *(layer_source(f"{name}__layer_{index}", f"{name}__buffer", layer) for index, layer in enumerate(layers)),
            f"void {name}(void) {{\n    (void){name}__between;\n",
            "\n".join(lines),
            "\n}\n",
        ]
    )


def layer_source(name: str, buffer: str, layer: LayerTensors) -> str:
    """The layer's constants, and `static void <name>(const int8_t *, int8_t *)`."""
    body = {"dense": _dense, "conv": _conv, "depthwise": _depthwise, "average_pool": _average_pool}[layer.kind]
    head = f"static void {name}(const int8_t *input, int8_t *output) {{\n"
    context = f"    const cmsis_nn_context context = {{{buffer}, sizeof {buffer}}};\n"
    return f"{_constants(name, layer)}{head}{context}{body(name, layer)}}}\n"


def quantise_factors(factors: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Q31 multipliers in [2^30, 2^31) and exponents of the power of two, as `arm_nn_requantize` takes them."""
    mantissas, exponents = np.frexp(factors)
    multipliers = np.rint(mantissas * 2.0**31).astype(np.int64)
    over = multipliers == 1 << 31  # a mantissa just under 1
    return np.where(over, 1 << 30, multipliers).astype(np.int32), (exponents + over).astype(np.int32)


def _constants(name: str, layer: LayerTensors) -> str:
    if layer.kind == "average_pool":
        return ""
    multiplier, shift = quantise_factors(layer.factor)
    parts = [constant(f"{name}__weights", layer.weights), constant(f"{name}__bias", layer.bias)]
    if layer.kind != "dense":
        parts += [constant(f"{name}__multiplier", multiplier), constant(f"{name}__shift", shift)]
    return "".join(parts)


def _dense(name: str, layer: LayerTensors) -> str:
    """`arm_fully_connected_s8` has one factor a tensor: the layer must have equal ones."""
    outputs, inputs = layer.weights.shape
    multiplier, shift = quantise_factors(layer.factor[:1])
    return (
        f"    const cmsis_nn_fc_params parameters = {{{-layer.input_zero_point}, 0, {layer.output_zero_point}, "
        f"{_CLAMP}}};\n"
        f"    const cmsis_nn_per_tensor_quant_params quantisation = {{{multiplier[0]}, {shift[0]}}};\n"
        f"    const cmsis_nn_dims from = {{1, 1, 1, {inputs}}}, filter = {{{inputs}, 1, 1, {outputs}}};\n"
        f"    const cmsis_nn_dims bias = {{1, 1, 1, {outputs}}}, to = {{1, 1, 1, {outputs}}};\n"
        f"    (void)arm_fully_connected_s8(&context, &parameters, &quantisation, &from, input, &filter, "
        f"{name}__weights, &bias, {name}__bias, &to, output);\n"
    )


def _conv(name: str, layer: LayerTensors) -> str:
    geometry = f"{_tile(layer.stride)}, {_tile(layer.padding)}, {{1, 1}}, {_CLAMP}"
    height, width = layer.kernel
    channels = layer.input_shape[2]
    return (
        f"    const cmsis_nn_conv_params parameters = {{{-layer.input_zero_point}, {layer.output_zero_point}, "
        f"{geometry}}};\n"
        f"    const cmsis_nn_dims filter = {{{layer.output_shape[2]}, {height}, {width}, {channels}}};\n"
        + _spatial(name, layer, "arm_convolve_wrapper_s8")
    )


def _depthwise(name: str, layer: LayerTensors) -> str:
    geometry = f"{_tile(layer.stride)}, {_tile(layer.padding)}, {{1, 1}}, {_CLAMP}"
    height, width = layer.kernel
    channels = layer.input_shape[2]
    return (
        f"    const cmsis_nn_dw_conv_params parameters = {{{-layer.input_zero_point}, {layer.output_zero_point}, 1, "
        f"{geometry}}};\n"
        f"    const cmsis_nn_dims filter = {{1, {height}, {width}, {channels}}};\n"
        + _spatial(name, layer, "arm_depthwise_conv_wrapper_s8")
    )


def _spatial(name: str, layer: LayerTensors, function: str) -> str:
    # CMSIS-NN's struct has plain pointers to constants.
    return (
        f"    const cmsis_nn_per_channel_quant_params quantisation = {{(int32_t *)(uintptr_t){name}__multiplier, "
        f"(int32_t *)(uintptr_t){name}__shift}};\n"
        f"{_ends(layer)}"
        f"    const cmsis_nn_dims bias = {{1, 1, 1, {layer.output_shape[2]}}};\n"
        f"    (void){function}(&context, &parameters, &quantisation, &from, input, &filter, {name}__weights, &bias, "
        f"{name}__bias, &to, output);\n"
    )


def _average_pool(name: str, layer: LayerTensors) -> str:
    height, width = layer.kernel
    return (
        f"    const cmsis_nn_pool_params parameters = {{{_tile(layer.stride)}, {_tile(layer.padding)}, {_CLAMP}}};\n"
        f"    const cmsis_nn_dims filter = {{1, {height}, {width}, 1}};\n"
        f"{_ends(layer)}"
        f"    (void)arm_avgpool_s8(&context, &parameters, &from, input, &filter, &to, output);\n"
    )


def _ends(layer: LayerTensors) -> str:
    shapes = [", ".join(str(size) for size in shape) for shape in (layer.input_shape, layer.output_shape)]
    return f"    const cmsis_nn_dims from = {{1, {shapes[0]}}}, to = {{1, {shapes[1]}}};\n"


def _tile(size: tuple[int, int]) -> str:
    """Height and width, in CMSIS-NN's order."""
    return f"{{{size[1]}, {size[0]}}}"
