"""`Dense` in C."""

from __future__ import annotations

from collections.abc import Sequence

from .emit_operator import array, calls, constants, headers, in_place, scratch_bytes
from .operators import Dense
from .packing import dense_kernel, dense_scratch_bytes, pack_dense


@constants.register
def _(operator: Dense, symbol: str) -> str:
    outputs, inputs = operator.weights.shape
    layout = dense_kernel(operator.weights, operator.bits).layout
    return (
        array("uint32_t", f"{symbol}__packed", pack_dense(operator.weights, operator.bias, operator.multiplier, layout))
        + f"static const pb_dense {symbol}__parameters = {{{inputs}, {outputs}, {symbol}__packed}};\n"
    )


@calls.register
def _(operator: Dense, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    kernel = dense_kernel(operator.weights, operator.bits).name
    width = "" if operator.output.dtype == "int8" else "_s16"
    return [f"pb_{kernel}{width}_run(&{symbol}__parameters, {sources[0]}, {target}, {scratch});"]


@headers.register
def _(operator: Dense) -> tuple[str, ...]:
    return ("dense.h",)


@scratch_bytes.register
def _(operator: Dense) -> int:
    return dense_scratch_bytes(operator.weights.shape[1])


@in_place.register
def _(operator: Dense) -> bool:
    return True
