"""NumPy arrays as C."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "uint16": "uint16_t", "int32": "int32_t"}
_A_LINE = 16


def constant(name: str, values: NDArray[Any]) -> str:
    """`static const` array of an integer type or float32 (written in hexadecimal, exact), 4-byte aligned."""
    flat = values.reshape(-1)
    if flat.dtype == np.float32:
        c_type, items = "float", [f"{float(value).hex()}f" for value in flat]
    else:
        c_type, items = _TYPES[str(flat.dtype)], [str(value) for value in flat]
    rows = (", ".join(items[start : start + _A_LINE]) for start in range(0, len(items), _A_LINE))
    body = ",\n    ".join(rows)
    return f"static const {c_type} {name}[{len(items)}] __attribute__((aligned(4))) = {{\n    {body}}};\n"
