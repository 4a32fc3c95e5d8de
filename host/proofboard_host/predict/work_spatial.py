"""What convolutions, pools and `Add` have to do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..graph.emit_spatial import is_3x3, is_pointwise
from ..graph.operators import Add, AveragePool2d, Conv2d, DepthwiseConv2d, MaxPool2d
from ..graph.packing_conv import QUAD, ROWS, group_rows
from .work import Work, layer_work

_FOUR = 4  # channels that a kernel takes at a time
_POOL_RUN = 256  # values that average_pool sums in 16 bits


@dataclass(frozen=True)
class _Axis:
    """The windows along one axis of an image.

    Attributes:
        kernel: its size.
        before, inside: of each window, elements that lie before the image and in it.
    """

    kernel: int
    before: NDArray[np.int64]
    inside: NDArray[np.int64]

    @classmethod
    def of(cls, size: int, kernel: int, stride: int, padding: int, windows: int) -> _Axis:
        """`windows` windows `stride` apart over `size` elements with `padding` before them."""
        start = np.arange(windows) * stride - padding
        before = np.maximum(-start, 0)
        return cls(kernel, before, np.minimum(size - start, kernel) - before)

    @property
    def count(self) -> int:
        """Windows."""
        return len(self.before)

    @property
    def after(self) -> NDArray[np.int64]:
        """Elements of each window that lie behind the image."""
        return self.kernel - self.before - self.inside

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Whether each window lies in the image."""
        return self.inside == self.kernel


def _axes(operator: Conv2d | DepthwiseConv2d, kernel: tuple[int, int]) -> tuple[_Axis, _Axis]:
    """Vertical, horizontal."""
    (height, width, _), (rows, columns, _) = operator.input_shape, operator.output.shape
    top, _, left, _ = operator.padding
    vertical, horizontal = operator.stride
    return (
        _Axis.of(height, kernel[0], vertical, top, rows),
        _Axis.of(width, kernel[1], horizontal, left, columns),
    )


@layer_work.register
def _(operator: Conv2d) -> tuple[Work, ...]:
    """Weights are widened in passes; in each, patches of two pixels meet blocks of four rows."""
    outputs, inputs = len(operator.weights), operator.weights[0].size
    passes = -(-outputs // group_rows(outputs, inputs))
    pixels = operator.output.shape[0] * operator.output.shape[1]
    pairs, lonely = passes * -(-pixels // 2), passes * (pixels % 2)
    blocks, quads = -(-outputs // ROWS), -(-inputs // QUAD)
    products = blocks * (-(-pixels // 2))
    staged = outputs % ROWS != 0
    engine = {
        "call": 1,
        "pass": passes,
        "pair": pairs,
        "lonely pixel": lonely,
        "patch quad": pairs * (inputs // QUAD),
        "patch odd value": pairs * (inputs % QUAD),
        "patch filled up": pairs * (-inputs % QUAD),
        "block": products,
        "block of odd quads": products * (quads % 2),
        "quad": products * quads,
        "copy": staged * passes * pixels,
        "copied byte": staged * outputs * pixels,
    }
    widen = Work(f"conv_widen_s{operator.bits}", {"quad": blocks * quads})
    patches = () if is_pointwise(operator) else (_gathering(operator, passes),)
    return (Work("conv_engine", engine), widen, *patches)


def _gathering(operator: Conv2d, passes: int) -> Work:
    """Lines of each patch in the image are copied, the rest is filled."""
    channels = operator.input_shape[2]
    rows, columns = _axes(operator, (operator.weights.shape[1], operator.weights.shape[2]))
    lines_inside = int(rows.inside.sum()) * passes
    lines_outside = int((rows.kernel - rows.inside).sum()) * passes
    line_bytes = columns.inside * channels
    filled = (columns.before * channels, columns.after * channels)
    return Work(
        "conv_gather",
        {
            "pixel": rows.count * columns.count * passes,
            "line": lines_inside * columns.count,
            "line outside": lines_outside * columns.count,
            "line of words": lines_inside * int((line_bytes >= 4).sum()),
            "word": lines_inside * int((line_bytes // 4).sum()),
            "line of odd bytes": lines_inside * int((line_bytes % 4 > 0).sum()),
            "odd byte": lines_inside * int((line_bytes % 4).sum()),
            "filled part": lines_inside * int(sum((part > 0).sum() for part in filled)),
            "filled byte": lines_inside * int(sum(part.sum() for part in filled))
            + lines_outside * columns.count * columns.kernel * channels,
        },
    )


@layer_work.register
def _(operator: DepthwiseConv2d) -> tuple[Work, ...]:
    kernel = (_streamed(operator),) if is_3x3(operator) else _by_taps(operator)
    unpack = Work(f"depthwise_unpack_s{operator.bits}", {"call": 1, "weight": operator.weights.size})
    return kernel if operator.bits == 8 else (*kernel, unpack)


def _streamed(operator: DepthwiseConv2d) -> Work:
    """3×3: for each block of four channels lines of the image, two at a time, along its longer side."""
    (height, width, channels), (rows, columns, _) = operator.input_shape, operator.output.shape
    length, lines, values = (rows, columns, height) if rows > columns else (columns, rows, width)
    blocks = channels // _FOUR
    pairs = blocks * -(-lines // 2)
    amounts = {
        "call": 1,
        "block": blocks,
        "two lines": pairs,
        "two lines of odd length": pairs * (length % 2),
        "line": blocks * lines,
        "two values": pairs * values,
        "two outputs": pairs * length,
        "output": blocks * lines * length,
    }
    return Work("depthwise_3x3", amounts)


def _by_taps(operator: DepthwiseConv2d) -> tuple[Work, ...]:
    """Four channels at a time, taps four by four, then those that are left; then the channels that are left, of which
    only taps in the image are taken."""
    height, width, channels = operator.weights.shape
    taps, (blocks, left) = height * width, divmod(channels, _FOUR)
    rows, columns = _axes(operator, (height, width))
    pixels = rows.count * columns.count
    some, single = int(blocks > 0), int(left > 0)
    placed = _placements(rows, columns)
    inside_rows = int((placed * rows.inside[:, None]).sum())
    inside_taps = int((placed * rows.inside[:, None] * columns.inside[None, :]).sum())
    fours = {
        "call": 1,
        "widened block": blocks,
        "widened pair": blocks * (taps // _FOUR) * 2,
        "widened tap": blocks * (taps % _FOUR),
        "row": some * rows.count,
        "pixel": some * pixels,
        "whole pixel": some * int(rows.whole.sum() * columns.whole.sum()),
        "placement": some * int(placed.sum()),
        "placed row": some * int(placed.sum()) * height,
        "placed tap": some * inside_taps,
        "tap beside the image": some * (inside_rows * width - inside_taps),
        "tap above or below": some * (int(placed.sum()) * taps - inside_rows * width),
        "block": blocks * pixels,
        "four taps": blocks * pixels * (taps // _FOUR),
        "block of odd taps": blocks * pixels * int(taps % _FOUR > 0),
        "odd tap": blocks * pixels * (taps % _FOUR),
    }
    singles = {
        "call": single,
        "row of pixels": single * rows.count,
        "pixel": single * pixels,
        "channel": left * pixels,
        "row": left * int(rows.inside.sum()) * columns.count,
        "tap": left * int(rows.inside.sum()) * int(columns.inside.sum()),
    }
    return Work("depthwise", fours), Work("depthwise_single", singles)


def _placements(rows: _Axis, columns: _Axis) -> NDArray[np.bool_]:
    """At which pixels the offsets of taps are worked out, [rows, columns]: everywhere but where this window and the one
    before lie in the image."""
    whole = (rows.whole[:, None] & columns.whole[None, :]).reshape(-1)
    placed = ~whole
    placed[0] = True
    placed[1:] |= ~whole[:-1]
    return placed.reshape(rows.count, columns.count)


@layer_work.register
def _(operator: AveragePool2d) -> tuple[Work, ...]:
    """Rows of a window as wide as the image are one run, and a run is summed in parts."""
    height, width = operator.kernel
    whole = width == operator.input_shape[1]
    rows, columns = (1, height * width) if whole else (height, width)
    amounts = _pool_amounts(operator)
    fours = amounts["four"]
    amounts |= {"four row": fours * rows, "four part": fours * rows * -(-columns // _POOL_RUN)}
    return (Work("average_pool", amounts),)


@layer_work.register
def _(operator: MaxPool2d) -> tuple[Work, ...]:
    amounts = _pool_amounts(operator)
    return (Work("max_pool", amounts | {"four row": amounts["four"] * operator.kernel[0]}),)


def _pool_amounts(operator: AveragePool2d | MaxPool2d) -> dict[str, int]:
    """What both kinds of pool have in common."""
    height, width = operator.kernel
    rows, columns, channels = operator.output.shape
    fours, left = rows * columns * (channels // _FOUR), rows * columns * (channels % _FOUR)
    return {
        "call": 1,
        "row": rows,
        "pixel": rows * columns,
        "pixel of fours": rows * columns * int(channels >= _FOUR),
        "pixel of singles": rows * columns * int(channels % _FOUR > 0),
        "four": fours,
        "four value": fours * height * width,
        "single": left,
        "single row": left * height,
        "single value": left * height * width,
    }


@layer_work.register
def _(operator: Add) -> tuple[Work, ...]:
    fours, singles = divmod(operator.output.size, _FOUR)
    return (Work("add", {"call": 1, "four": fours, "single": singles}),)
