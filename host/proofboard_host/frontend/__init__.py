"""The integer front end: 16-bit sound to log-mel features, the same numbers on the host and on the target.

`docs/frontend.md` is the specification; `reference.run` (NumPy) and `firmware/src/frontend*.c` both obey it to the
last bit, from the tables that `build_specification` computes once.
"""

from __future__ import annotations

from .emit import emit_c
from .reference import run
from .selection import select
from .specification import FrontendSpec, build_specification

__all__ = ["FrontendSpec", "build_specification", "emit_c", "run", "select"]
