"""A bare image for the simulated board: C sources, and a `main` that runs one case after another and sends each one's
output. Compiled with the flags of `firmware/CMakeLists.txt`, so that what is counted is what a real image does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import toolchain
from ..boards import boards_folder
from ..build import firmware_folder
from ..errors import FirmwareFault

BOARD = "qemu-mps2-an505"
_STACK_BYTES = 8192

THEIR_OPTIONS = ("-fhosted", "-w")
"""For sources that aren't ours. As freestanding code, CMSIS would call memcpy for each word that it reads."""

FASTEST = ("-Ofast", "-ffp-contract=fast")
"""What CMSIS-NN and CMSIS-DSP recommend to be compiled with."""

_MAIN = """
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define UART0_DATA REGISTER(0x40200000u)
#define UART0_CTRL REGISTER(0x40200008u)
#define UART0_BAUDDIV REGISTER(0x40200010u)

void pb_fault_entry(void);
int main(void);

static void put(uint32_t character) {
    UART0_DATA = character;
}

__attribute__((noreturn)) static void leave(uint32_t reason) {
    register uint32_t operation __asm("r0") = 0x18; /* SYS_EXIT, Arm semihosting */
    register uint32_t argument __asm("r1") = reason;
    __asm volatile("bkpt 0xAB" ::"r"(operation), "r"(argument));
    for (;;) {
    }
}

void pb_fault_entry(void) {
    leave(0x20024); /* ADP_Stopped_RunTimeErrorUnknown */
}

static void send(const void *output, uint32_t bytes) {
    const uint8_t *from = output;
    for (uint32_t i = 0; i < bytes; i++) {
        put((uint32_t)"0123456789abcdef"[from[i] >> 4]);
        put((uint32_t)"0123456789abcdef"[from[i] & 15u]);
    }
    put('\\n');
}
"""


@dataclass(frozen=True)
class Unit:
    """C files that are compiled alike.

    Attributes:
        files: the sources.
        includes: folders for `-I`, before the firmware's.
        options: behind the firmware's flags, so that they win.
    """

    files: Sequence[Path]
    includes: Sequence[Path] = ()
    options: Sequence[str] = ()


@dataclass(frozen=True)
class Case:
    """A C function `void <name>(void)` that is run once; `<name>__output` of `bytes` bytes is what it leaves.

    `prepare`: a function of the same kind that runs before and is not counted.
    """

    name: str
    bytes: int
    prepare: str | None = None


def compile_flags() -> list[str]:
    """What the firmware is compiled with, from its own build files: a change there shows here."""
    firmware = firmware_folder()
    common = _words(firmware / "CMakeLists.txt", r"add_compile_options\((-Wall[^)]*)\)")
    core = _words(firmware / "cmake" / "cortex-m33.cmake", r'CMAKE_C_FLAGS_INIT "([^"]*)"')
    return [*core, *common, "-std=gnu11", "-ffreestanding"]


def _words(path: Path, pattern: str) -> list[str]:
    """The words of the one group of a pattern in a build file."""
    found = re.search(pattern, path.read_text("utf-8"))
    if found is None:
        raise FirmwareFault("what a benchmark takes from it is not where it used to be", where=str(path))
    return found[1].split()


def firmware_unit() -> Unit:
    """Every operator of the firmware and the core's start-up; the linker drops what is not called."""
    firmware = firmware_folder()
    application = _words(firmware / "CMakeLists.txt", r"set\(application ([^)]*)\)")
    operators = [path for path in sorted((firmware / "src").glob("*.c")) if f"src/{path.name}" not in application]
    return Unit([*operators, firmware / "cortex_m" / "startup.c"])


def compile_units(units: Sequence[Unit], folder: Path) -> list[Path]:
    """Compile every file of every unit; the objects.

    Raises:
        ToolMissing: there is no cross compiler.
        FirmwareFault: a file does not compile.
    """
    return [target for index, unit in enumerate(units) for target in _compile(unit, folder / f"unit_{index}")]


def link_image(objects: Sequence[Path], cases: Sequence[Case], folder: Path) -> Path:
    """Link `folder`/bench.elf from compiled units and a `main` that runs the cases.

    Raises:
        FirmwareFault: a symbol is missing, or the image does not fit the board.
    """
    folder.mkdir(parents=True, exist_ok=True)
    main, script, image = folder / "main.c", folder / "link.ld", folder / "bench.elf"
    main.write_text(main_source(cases), encoding="utf-8")
    board = (boards_folder() / BOARD / "link.ld").read_text("utf-8")
    script.write_text(re.sub(r"PB_STACK_SIZE = \d+", f"PB_STACK_SIZE = {_STACK_BYTES}", board), encoding="utf-8")
    link = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-Wl,--build-id=sha1"]
    link += [f"-L{firmware_folder() / 'cortex_m'}", f"-T{script}"]
    inputs = [*_compile(Unit([main]), folder / "main"), *objects]
    gcc = toolchain.find(toolchain.ARM_GCC)
    toolchain.run([gcc, *compile_flags(), *link, *inputs, "-lm", "-o", image], what="linking the benchmark")
    return image


def main_source(cases: Sequence[Case]) -> str:
    """The text of `main.c`."""
    declared = "".join(
        f"void {function}(void);\n" for case in cases for function in (case.name, case.prepare) if function is not None
    )
    declared += "".join(f"extern uint8_t {case.name}__output[];\n" for case in cases)
    runs = "".join(
        (f"    {case.prepare}();\n" if case.prepare is not None else "")
        + f"    {case.name}();\n    send({case.name}__output, {case.bytes}u);\n"
        for case in cases
    )
    start = "    UART0_BAUDDIV = 16;\n    UART0_CTRL = 1; /* transmit */\n"
    leave = "    leave(0x20026); /* ADP_Stopped_ApplicationExit */\n"
    return f"{_MAIN}\n{declared}\nint main(void) {{\n{start}{runs}{leave}}}\n"


def _compile(unit: Unit, folder: Path) -> list[Path]:
    gcc = toolchain.find(toolchain.ARM_GCC)
    folder.mkdir(parents=True, exist_ok=True)
    firmware = firmware_folder()
    places = [*unit.includes, firmware / "include", firmware / "src", firmware / "cortex_m"]
    flags = [*compile_flags(), *(f"-I{place}" for place in places), *unit.options]
    objects = []
    for index, file in enumerate(unit.files):
        target = folder / f"{index}_{file.stem}.o"
        toolchain.run([gcc, *flags, "-c", file, "-o", target], what=f"compiling {file.name}")
        objects.append(target)
    return objects
