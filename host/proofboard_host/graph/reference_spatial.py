"""Sums, means' numerators and maxima of sliding windows, exact, before requantisation.

All take images int8 [clips, height, width, channels] and give [clips, output height, output width, channels].
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .exact import exact_products
from .operators import AveragePool2d, Conv2d, Conv2dFloat, DepthwiseConv2d, MaxPool2d

Images = NDArray[np.int8]
Value = TypeVar("Value", np.int8, np.float32)


def conv2d_sums(images: Images, operator: Conv2d) -> NDArray[np.int32]:
    """bias + Σ weights·x over the kernel and all channels, by im2col."""
    outputs, height, width, channels = operator.weights.shape
    windows = sliding_window_view(_pad(images, operator), (height, width), axis=(1, 2))
    strided = windows[:, :: operator.stride[0], :: operator.stride[1]]  # [clips, rows, columns, channels, kh, kw]
    columns = strided.transpose(0, 1, 2, 4, 5, 3).reshape(-1, height * width * channels)
    sums = exact_products(columns, operator.weights.reshape(outputs, -1)) + operator.bias
    return sums.reshape(len(images), *operator.output.shape)


def depthwise_conv2d_sums(images: Images, operator: DepthwiseConv2d) -> NDArray[np.int32]:
    """bias + Σ weights·x over the kernel, each channel for itself."""
    height, width = operator.weights.shape[:2]
    sums = np.broadcast_to(operator.bias, (len(images), *operator.output.shape)).copy()
    weights = operator.weights.reshape(height * width, -1).astype(np.int32)
    padded = _pad(images, operator)
    for weight, taps in zip(weights, _taps(padded, (height, width), operator), strict=True):
        sums += weight * taps
    return sums


def average_pool2d_sums(images: Images, operator: AveragePool2d) -> NDArray[np.int32]:
    """bias + Σ x over the kernel."""
    sums = np.full((len(images), *operator.output.shape), operator.bias, np.int32)
    for taps in _taps(images, operator.kernel, operator):
        sums += taps
    return sums


def max_pool2d(images: Images, operator: MaxPool2d) -> Images:
    """The largest x of the kernel."""
    largest = np.full((len(images), *operator.output.shape), -128, np.int8)
    for taps in _taps(images, operator.kernel, operator):
        np.maximum(largest, taps, out=largest)
    return largest


def conv2d_float(images: NDArray[np.float32], operator: Conv2dFloat) -> NDArray[np.float32]:
    """Sums in float32, one product after the other over all outputs: the order of the C loop."""
    kernel = (operator.weights.shape[1], operator.weights.shape[2])
    sums = np.broadcast_to(operator.bias, (len(images), *operator.output.shape)).copy()
    columns = operator.weights.reshape(len(operator.weights), kernel[0] * kernel[1], -1)
    for tap, seen in enumerate(_taps(_pad(images, operator), kernel, operator)):
        if operator.depthwise:
            sums += seen * columns[:, tap, 0]
            continue
        for channel in range(columns.shape[2]):
            sums += seen[..., channel, None] * columns[:, tap, channel]
    return sums


def _pad(images: NDArray[Value], operator: Conv2d | DepthwiseConv2d | Conv2dFloat) -> NDArray[Value]:
    top, bottom, left, right = operator.padding
    margins = ((0, 0), (top, bottom), (left, right), (0, 0))
    return np.pad(images, margins, constant_values=operator.pad_value)


def _taps(
    images: NDArray[Value], kernel: tuple[int, int], operator: DepthwiseConv2d | AveragePool2d | MaxPool2d | Conv2dFloat
) -> Iterator[NDArray[Value]]:
    """What each place of the kernel sees, row by row: [clips, output height, output width, channels]."""
    rows, columns = operator.output.shape[:2]
    vertical, horizontal = operator.stride
    for row in range(kernel[0]):
        for column in range(kernel[1]):
            yield images[
                :,
                row : row + vertical * (rows - 1) + 1 : vertical,
                column : column + horizontal * (columns - 1) + 1 : horizontal,
            ]
