"""How much each routine of the firmware has to do: the amounts that its instructions are proportional to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

from ..frontend.specification import FrontendSpec
from ..graph.graph import Graph
from ..graph.operators import Dense, DenseFloat, Operator, Quantise, ToFloat


@dataclass(frozen=True)
class Work:
    """`amounts` of what the routine `kernel` does, in the order of its field in `Coefficients`."""

    kernel: str
    amounts: tuple[int, ...]


@singledispatch
def layer_work(operator: Operator) -> tuple[Work, ...]:
    """The routines that one operator calls."""
    raise TypeError(f"no cost for {type(operator).__name__}")


@layer_work.register
def _(operator: Quantise) -> tuple[Work, ...]:
    return (Work("quantise", (1, operator.output.size)),)


@layer_work.register
def _(operator: Dense) -> tuple[Work, ...]:
    kernel = "dense_int16" if operator.output.dtype == "int16" else "dense_int8"
    return (Work(kernel, (1, operator.output.size, operator.weights.size)),)


@layer_work.register
def _(operator: ToFloat) -> tuple[Work, ...]:
    return (Work("to_float", (1, operator.output.size)),)


@layer_work.register
def _(operator: DenseFloat) -> tuple[Work, ...]:
    dense = Work("dense_float", (1, operator.output.size, operator.weights.size))
    return (dense, Work("relu", (1, operator.output.size))) if operator.activation == "relu" else (dense,)


def finish_work(graph: Graph) -> Work:
    """What follows the last layer: logits copied, the largest found."""
    kernel = "finish_float" if graph.output.dtype == "float32" else "finish_int16"
    return Work(kernel, (1, graph.output.size))


def network_work(graph: Graph) -> tuple[Work, ...]:
    """One inference."""
    return (*(work for operator in graph.operators for work in layer_work(operator)), finish_work(graph))


def stage_work(specification: FrontendSpec) -> tuple[Work, ...]:
    """The stages of one frame: shift, window, fft, power, mel."""
    points = specification.points
    stages = specification.stages()
    twiddles = sum(len(stage) for stage in stages)
    window = Work(f"window_radix{specification.first_radix}", (1, points // specification.first_radix))
    return (
        Work("shift", (1, specification.frame)),
        window,
        Work("fft", (len(stages), twiddles, len(stages) * points // 4)),
        Work("power", (1, points // 2)),
        Work("mel", (1, specification.mel_bands, int(specification.mel_length.sum()))),
    )


def frontend_work(specification: FrontendSpec, samples: int) -> tuple[Work, ...]:
    """The features of `samples` samples of sound."""
    frames = specification.frames(samples)
    stages = stage_work(specification)
    every_frame = (Work(work.kernel, tuple(amount * frames for amount in work.amounts)) for work in stages)
    return (Work("frontend", (1, frames)), *every_frame)
