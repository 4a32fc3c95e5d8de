"""What the C of one operator is made of. Each kind of operator registers its part in an `emit_<kind>.py`.

`emit.py` puts the parts together; it knows no operator, and these know no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from .operators import Operator

C_TYPES = {"int8": "int8_t", "int16": "int16_t", "int32": "int32_t", "uint8": "uint8_t", "uint32": "uint32_t"} | {
    "float32": "float"
}
"""C's name of each array type."""


@singledispatch
def constants(operator: Operator, symbol: str) -> str:
    """C definitions of the operator's arrays and its parameter struct.

    Every name begins with `symbol` and two underscores (`layer_0_dense__weights`): reports count such symbols as the
    layer's own.
    """
    raise TypeError(f"no C for {type(operator).__name__}")


@singledispatch
def calls(operator: Operator, symbol: str, sources: Sequence[str], target: str, scratch: str) -> list[str]:
    """C statements that run the operator.

    Args:
        operator: what runs.
        symbol: prefix of its constants.
        sources: a pointer expression per source, of the source's element type. Those that lie in the arena are
            aligned to 4 bytes; features may be aligned to 2 bytes only.
        target: pointer expression of the output, aligned to 4 bytes.
        scratch: `void *` expression of `scratch_bytes(operator)` bytes, aligned to 4; `NULL` if there are none.
    """
    raise TypeError(f"no C for {type(operator).__name__}")


@singledispatch
def headers(operator: Operator) -> tuple[str, ...]:
    """Headers of `proofboard/` that the calls and constants need."""
    raise TypeError(f"no C for {type(operator).__name__}")


@singledispatch
def scratch_bytes(operator: Operator) -> int:
    """Bytes of working memory while the operator runs; its contents are lost afterwards."""
    return 0


@singledispatch
def in_place(operator: Operator) -> bool:
    """Whether the output may begin at the address where one of the sources begins (any of them)."""
    return False


def array(c_type: str, name: str, values: np.ndarray) -> str:
    """A constant array, 8 to 16 numbers a line. Floats are written in hexadecimal: exact."""
    flat = values.reshape(-1)
    numbers = [float(value).hex() + "f" for value in flat] if flat.dtype == np.float32 else [str(v) for v in flat]
    step = 8 if flat.dtype == np.float32 else 16
    rows = [", ".join(numbers[start : start + step]) for start in range(0, len(numbers), step)]
    body = ",\n    ".join(rows)
    return f"static const {c_type} {name}[{len(numbers)}] = {{\n    {body}}};\n"


def arrays(operator: Operator, symbol: str, fields: Sequence[str]) -> list[str]:
    """The operator's array fields as constants `<symbol>__<field>`, in their natural layout."""
    values = [(field, getattr(operator, field)) for field in fields]
    return [array(C_TYPES[str(value.dtype)], f"{symbol}__{field}", value) for field, value in values]
