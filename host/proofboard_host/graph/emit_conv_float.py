"""`Conv2dFloat` in C."""

from __future__ import annotations

from collections.abc import Sequence

from .emit_operator import arrays, calls, constants, headers
from .emit_spatial import window_initialiser
from .operators import Conv2dFloat


@constants.register
def _(operator: Conv2dFloat, symbol: str) -> str:
    outputs, height, width, reads = operator.weights.shape
    window = window_initialiser(operator, (height, width), operator.padding)
    numbers = f"{outputs}, {reads}, {int(operator.depthwise)}, {operator.pad_value.hex()}f"
    return "".join(
        [
            *arrays(operator, symbol, ("weights", "bias")),
            f"static const pb_conv_f32 {symbol}__parameters = "
            f"{{{window}, {numbers}, {symbol}__weights, {symbol}__bias}};\n",
        ]
    )


@calls.register
def _(operator: Conv2dFloat, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    lines = [f"pb_conv_f32_run(&{symbol}__parameters, {sources[0]}, {target});"]
    if operator.activation == "relu":
        lines.append(f"pb_relu_f32_run({target}, {operator.output.size});")
    return lines


@headers.register
def _(operator: Conv2dFloat) -> tuple[str, ...]:
    return ("conv_f32.h", "dense_f32.h")
