"""What `Quantise`, dense and float layers have to do, and the end of a network."""

from __future__ import annotations

from ..graph.graph import Graph
from ..graph.operators import Conv2dFloat, Dense, DenseFloat, Quantise, ToFloat
from ..graph.packing import GROUP, S2, S4, S8, S8_WIDE, dense_kernel
from .work import Work, layer_work

_FOUR = 4  # outputs that a kernel makes at a time

_EXPANSION = {S8.name: (4, 1), S8_WIDE.name: (4, 1), S4.name: (4, 2), S2.name: (8, 2)}
"""By kernel: inputs that are expanded at a time, and of how many such steps the kernel fills up a multiple."""


@layer_work.register
def _(operator: Quantise) -> tuple[Work, ...]:
    fours, singles = divmod(operator.output.size, _FOUR)
    return (Work("quantise", {"call": 1, "some fours": int(fours > 0), "four": fours, "single": singles}),)


@layer_work.register
def _(operator: Dense) -> tuple[Work, ...]:
    """Rows go in groups of four, then one by one; a row takes its words of weights, the last one filled up. The int8
    kernel takes two words at a time and begins an odd number of them in the middle."""
    outputs, inputs = operator.weights.shape
    kernel = dense_kernel(operator.weights, operator.bits)
    expanded, multiple = _EXPANSION[kernel.name]
    steps = -(-inputs // expanded)
    words = -(-inputs // kernel.layout.columns)
    groups, rows = divmod(outputs, GROUP)
    dtype = operator.output.dtype
    amounts = {
        "call": 1,
        "input step": steps,
        f"group {dtype}": groups,
        "group word": groups * words,
        f"row {dtype}": rows,
        "row word": rows * words,
    }
    if multiple > 1:
        amounts["filled step"] = -steps % multiple
    if kernel is S8:
        amounts["group of odd words"] = groups * (words % 2)
    return (Work(kernel.name, amounts),)


@layer_work.register
def _(operator: ToFloat) -> tuple[Work, ...]:
    return (Work("to_float", {"call": 1, "output": operator.output.size}),)


@layer_work.register
def _(operator: DenseFloat) -> tuple[Work, ...]:
    outputs = operator.output.size
    return _activated(operator, Work("dense_f32", {"call": 1, "output": outputs, "product": operator.weights.size}))


@layer_work.register
def _(operator: Conv2dFloat) -> tuple[Work, ...]:
    """Every output goes through all taps of its window; those inside of the input
    take a few steps more, those beside it at the height of a row some.
    """
    height, width, reads = operator.weights.shape[1:]
    rows, columns, outputs = operator.output.shape
    down = taps_inside(operator.input_shape[0], rows, height, operator.stride[0], operator.padding[0])
    across = taps_inside(operator.input_shape[1], columns, width, operator.stride[1], operator.padding[2])
    windows = rows * columns * outputs
    amounts = {
        "call": 1,
        "row": rows,
        "pixel": rows * columns,
        "output": windows,
        "line": windows * height,
        "tap": windows * height * width,
        "tap beside": outputs * down * (columns * width - across),
        "tap inside": outputs * down * across,
        "product": windows * height * width * reads,
    }
    return _activated(operator, Work("conv_f32", amounts))


def taps_inside(size: int, outputs: int, kernel: int, stride: int, before: int) -> int:
    """How many taps of all windows along one side of an image of `size` lie inside of it."""
    starts = [index * stride - before for index in range(outputs)]
    return sum(min(start + kernel, size) - max(start, 0) for start in starts)


def _activated(operator: DenseFloat | Conv2dFloat, work: Work) -> tuple[Work, ...]:
    relu = Work("relu_f32", {"call": 1, "output": operator.output.size})
    return (work, relu) if operator.activation == "relu" else (work,)


def finish_work(graph: Graph) -> Work:
    """What is in no layer: the network's own code around its calls, logits copied, the largest found."""
    routine = "finish_float32" if graph.output.dtype == "float32" else "finish_int16"
    return Work(routine, {"call": 1, "layer": len(graph.operators), "logit": graph.output.size})
