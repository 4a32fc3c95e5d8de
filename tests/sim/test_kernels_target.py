"""The generator's C and the kernels of the Cortex-M33 on QEMU, against the integer reference: thousands of calls in one
image, which takes inputs and gives outputs as files (semihosting).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from kernel_cases import (
    DRIVER,
    RUNS,
    RUNS_WANTED,
    compile_all,
    first_difference,
    input_bytes,
    operator_sources,
    random_calls,
    random_exchanges,
    write_calls,
)
from proofboard_harness import toolchain
from proofboard_harness.benchmarks.bare_image import compile_flags
from proofboard_harness.build import firmware_folder

# SSRAM1 and the first half of SSRAM2, all there is of them: 4 MiB and 2 MiB (Arm application note AN505).
LINK = """MEMORY
{
    FLASH (rx) : ORIGIN = 0x10000000, LENGTH = 4096K
    RAM (rw)   : ORIGIN = 0x38000000, LENGTH = 2048K
}
PB_STACK_SIZE = 16384;
INCLUDE sections.ld
"""
MACHINE = ["-machine", "mps2-an505", "-display", "none", "-serial", "none", "-monitor", "none"]
SEMIHOSTING = ["-semihosting-config", "enable=on,target=native"]


def build(sources: list[Path], folder: Path) -> Path:
    compiler = str(toolchain.find(toolchain.ARM_GCC))
    firmware = firmware_folder()
    script, image = folder / "link.ld", folder / "calls.elf"
    script.write_text(LINK, encoding="utf-8")
    includes = [f"-I{firmware / part}" for part in ("include", "src", "cortex_m")]
    command = [compiler, *compile_flags(), *includes]
    objects = compile_all([*command, "-O0"], sources, folder)
    objects += compile_all(command, [DRIVER, *operator_sources(), firmware / "cortex_m" / "startup.c"], folder)
    link = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", f"-L{firmware / 'cortex_m'}", f"-T{script}"]
    subprocess.run([*command, *link, *objects, "-o", str(image)], check=True)
    return image


def run(image: Path, inputs: bytes) -> bytes:
    """One start of the simulator, in the image's folder, where the files are."""
    (image.parent / "inputs.bin").write_bytes(inputs)
    command = [str(toolchain.find(toolchain.QEMU)), *MACHINE, *SEMIHOSTING, "-kernel", str(image)]
    done = subprocess.run(command, cwd=image.parent, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
    return (image.parent / "outputs.bin").read_bytes()


def test_over_ten_thousand_runs(tmp_path: Path) -> None:
    calls = random_calls(31, RUNS_WANTED // RUNS)
    expected = random_exchanges(31, calls)
    image = build(write_calls(calls, tmp_path), tmp_path)
    assert first_difference(calls, expected, run(image, input_bytes(expected))) is None
