"""`Quantise`, `ToFloat` and `DenseFloat` in C."""

from __future__ import annotations

from collections.abc import Sequence

from .emit_operator import arrays, calls, constants, headers
from .operators import DenseFloat, Quantise, ToFloat


@constants.register
def _(operator: Quantise, symbol: str) -> str:
    return (
        f"static const pb_quantise {symbol}__parameters = {{{operator.output.size}, {operator.offset}, "
        f"{operator.multiplier}, {operator.shift}}};\n"
    )


@constants.register
def _(operator: ToFloat, symbol: str) -> str:
    return f"static const float {symbol}__scale = {float(operator.scale).hex()}f;\n"


@constants.register
def _(operator: DenseFloat, symbol: str) -> str:
    outputs, inputs = operator.weights.shape
    return "".join(
        [
            *arrays(operator, symbol, ("weights", "bias")),
            f"static const pb_dense_f32 {symbol}__parameters = "
            f"{{{inputs}, {outputs}, {symbol}__weights, {symbol}__bias}};\n",
        ]
    )


@calls.register
def _(operator: Quantise, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    return [f"pb_quantise_run(&{symbol}__parameters, {sources[0]}, {target});"]


@calls.register
def _(operator: ToFloat, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    return [f"pb_to_float_run({symbol}__scale, {operator.output.size}, {sources[0]}, {target});"]


@calls.register
def _(operator: DenseFloat, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    lines = [f"pb_dense_f32_run(&{symbol}__parameters, {sources[0]}, {target});"]
    if operator.activation == "relu":
        lines.append(f"pb_relu_f32_run({target}, {operator.output.size});")
    return lines


@headers.register
def _(operator: Quantise) -> tuple[str, ...]:
    return ("quantise.h",)


@headers.register
def _(operator: ToFloat) -> tuple[str, ...]:
    return ("to_float.h",)


@headers.register
def _(operator: DenseFloat) -> tuple[str, ...]:
    return ("dense_f32.h",)
