"""What an image will take of flash and RAM, from the graph and the front end alone, before anything is linked."""

from __future__ import annotations

from ..frontend.specification import FrontendSpec
from ..graph.emit import plan_graph
from ..graph.emit_spatial import is_3x3, is_pointwise
from ..graph.graph import Graph
from ..graph.operators import (
    Add,
    AveragePool2d,
    Conv2d,
    Conv2dFloat,
    Dense,
    DenseFloat,
    DepthwiseConv2d,
    MaxPool2d,
    Operator,
    Quantise,
    ToFloat,
)
from ..graph.packing import dense_kernel, pack_dense
from ..graph.packing_conv import pack_depthwise, pack_filters, pack_scaling
from .code_size import (
    CODE_BYTES,
    FIRMWARE_RAM,
    FIRMWARE_ROM,
    MEMCPY_BYTES,
    MEMCPY_CALLERS,
    NETWORK_BYTES,
    NETWORK_LAYER_BYTES,
)

_ALIGNMENT = 4  # of every constant, near enough
_SAMPLE_BYTES = 2
_BIN_BYTES = 4
_FRONTEND_BYTES = 56  # pb_frontend

_PARAMETER_BYTES = {
    Quantise: 8,
    Dense: 8,
    Conv2d: 40,
    DepthwiseConv2d: 32,
    AveragePool2d: 32,
    MaxPool2d: 24,
    Add: 16,
    ToFloat: 0,
    DenseFloat: 12,
    Conv2dFloat: 40,
}
"""Of the parameter struct of each kind of operator, as the firmware's headers declare it."""

_POINTWISE_BYTES = 20


def predict_rom(graph: Graph, specification: FrontendSpec) -> int:
    """Bytes of flash: constants as they are packed, code of the kernels in use and of the network, tables of the front
    end, and the firmware that every image has."""
    files = {file for operator in graph.operators for file in kernel_files(operator)}
    files.add("argmax_f32" if graph.output.dtype == "float32" else "argmax_s32")
    code = sum(CODE_BYTES[file] for file in files)
    if graph.output.dtype == "float32" or not files.isdisjoint(MEMCPY_CALLERS):
        code += MEMCPY_BYTES
    network = NETWORK_BYTES + NETWORK_LAYER_BYTES * len(graph.operators)
    constants = sum(constant_bytes(operator) for operator in graph.operators)
    return FIRMWARE_ROM + code + network + constants + frontend_table_bytes(specification)


def predict_ram(graph: Graph, specification: FrontendSpec, window: int) -> int:
    """Bytes of RAM, stack included, with clips of `window` samples."""
    buffers = _aligned(_SAMPLE_BYTES * window) + _aligned(graph.input.bytes) + _BIN_BYTES * specification.points
    return buffers + predict_arena(graph) + FIRMWARE_RAM


def predict_arena(graph: Graph) -> int:
    """Bytes of RAM for outputs and working memory of the operators, exactly: the generated C has this plan."""
    return plan_graph(graph).bytes


def constant_bytes(operator: Operator) -> int:
    """Bytes of flash for an operator's arrays as its kernel reads them, and its parameter struct."""
    match operator:
        case Dense():
            layout = dense_kernel(operator.weights, operator.bits).layout
            arrays = [pack_dense(operator.weights, operator.bias, operator.multiplier, layout).nbytes]
        case Conv2d():
            rows = operator.weights.reshape(len(operator.weights), -1)
            scaling = pack_scaling(operator.bias, operator.multiplier)
            arrays = [pack_filters(rows, operator.bits).nbytes, scaling.nbytes]
        case DepthwiseConv2d():
            scaling = pack_scaling(operator.bias, operator.multiplier)
            arrays = [pack_depthwise(operator.weights, operator.bits).nbytes, scaling.nbytes]
        case DenseFloat() | Conv2dFloat():
            arrays = [operator.weights.nbytes, operator.bias.nbytes]
        case _:
            arrays = []
    pointwise = isinstance(operator, Conv2d) and is_pointwise(operator)
    parameters = _POINTWISE_BYTES if pointwise else _PARAMETER_BYTES[type(operator)]
    return sum(map(_aligned, arrays)) + parameters


def kernel_files(operator: Operator) -> tuple[str, ...]:
    """The sources of the firmware that an operator's call links, without `.c`."""
    match operator:
        case Dense():
            return (dense_kernel(operator.weights, operator.bits).name,)
        case Conv2d():
            source: tuple[str, ...] = (f"pointwise_s{operator.bits}",)
            if not is_pointwise(operator):
                source = (f"conv_s{operator.bits}", "conv_source")
            return (*source, "conv_engine", "conv_patches", "conv_product_m33", f"conv_weights_s{operator.bits}")
        case DepthwiseConv2d():
            kind = "depthwise_3x3" if is_3x3(operator) else "depthwise"
            stored = () if operator.bits == 8 else (f"{kind}_s{operator.bits}",)
            if is_3x3(operator):
                return (*stored, "depthwise_3x3_m33", "depthwise_stream_m33")
            return (*stored, "depthwise_s8", "depthwise_blocks_m33", "depthwise_taps_m33")
        case DenseFloat():
            return ("dense_f32", "relu_f32") if operator.activation == "relu" else ("dense_f32",)
        case Conv2dFloat():
            return ("conv_f32", "relu_f32") if operator.activation == "relu" else ("conv_f32",)
        case Quantise():
            return ("quantise",)
        case AveragePool2d():
            return ("average_pool_s8",)
        case MaxPool2d():
            return ("max_pool_s8",)
        case Add():
            return ("add_s8",)
        case ToFloat():
            return ("to_float",)


def frontend_table_bytes(specification: FrontendSpec) -> int:
    """Bytes of flash for the tables of a front end; bands that it leaves out and pairs of bins that none needs have
    none."""
    runs, bands = len(specification.mel_runs), specification.mel_bands
    tables = (
        specification.window.nbytes,
        specification.order.nbytes,
        specification.twiddles.nbytes,
        specification.split.nbytes,
        8 * runs,
        12 * (bands + runs),
        specification.mel_offset.nbytes,
        specification.log_table.nbytes,
    )
    return _FRONTEND_BYTES + sum(map(_aligned, tables))


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
