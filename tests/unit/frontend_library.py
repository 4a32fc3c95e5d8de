"""The front end's C as a shared library, and its structures for ctypes."""

from __future__ import annotations

import ctypes
import dataclasses
import subprocess
from pathlib import Path

import numpy as np
from proofboard_host.application import Application, load_application
from proofboard_host.frontend import FrontendSpec

FIRMWARE = Path(__file__).parents[2] / "firmware"
SOURCES = sorted(FIRMWARE.glob("src/frontend*.c"))
COMPILE = ["gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wconversion"]


def compile_library(folder: Path) -> ctypes.CDLL:
    """The portable C of the front end, for this machine."""
    target = folder / "frontend.so"
    command = [*COMPILE, "-shared", "-fPIC", f"-I{FIRMWARE / 'include'}", "-o", target, *SOURCES]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(target))


def application(**changes: float) -> Application:
    """The scream application with another front end."""
    scream = load_application("scream")
    return dataclasses.replace(scream, frontend=dataclasses.replace(scream.frontend, **changes))


class CFrontend(ctypes.Structure):
    """`pb_frontend`, its tables those of a specification that the caller keeps."""

    _fields_ = (
        *((name, ctypes.c_uint16) for name in ("frame", "hop", "skip", "frame_limit", "mel_bands", "first_radix")),
        ("window_peak", ctypes.c_int16),
        ("floor", ctypes.c_int16),
        *((name, ctypes.c_uint16) for name in ("first_pair", "pairs", "runs")),
        *((name, ctypes.c_void_p) for name in ("window", "order", "twiddles", "split")),
        *((name, ctypes.c_void_p) for name in ("mel_runs", "mel_segments", "mel_offset", "log_table")),
    )

    @classmethod
    def of(cls, spec: FrontendSpec) -> CFrontend:
        segments = np.column_stack([spec.mel_length, spec.mel_ramp]).astype(np.uint32)
        derived = {"pairs": len(spec.split), "runs": len(spec.mel_runs), "mel_segments": segments}
        values = {name: derived[name] if name in derived else getattr(spec, name) for name, _ in cls._fields_}
        frontend = cls(**{k: v.ctypes.data if isinstance(v, np.ndarray) else v for k, v in values.items()})
        frontend.tables = segments  # lives as long as the structure that points at it
        return frontend
