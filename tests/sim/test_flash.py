"""A program of our own on the real simulator: flash, verify, reset, run, hear it; and what happens when things break.

These tests need QEMU and the Arm compiler. They fail, not skip, without them: a missing simulator is a fault of CI.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial
from proofboard_harness.bench import Bench, open_bench
from proofboard_harness.boards import load_board
from proofboard_harness.elf import Image, Segment
from proofboard_harness.errors import BenchFault, ConfigurationFault, FirmwareFault, ProbeFault, ToolMissing
from proofboard_harness.probe.flasher import open_pyocd_probe, open_simulated_probe
from proofboard_harness.simulator.qemu import QemuSimulator, run_qemu
from proofboard_harness.spec import BoardSpec, LinkSpec, ProbeKind, ProbeSpec

FLASH, RAM = 0x1000_0000, 0x3800_0000
_PYOCD = str(Path(sys.executable).with_name("pyocd"))

# CMSDK UARTs of the AN505: DATA at 0x0, CTRL at 0x8, BAUDDIV at 0x10, 0x1000 apart.
_SOURCE = """
typedef volatile unsigned reg;
extern unsigned stack_top;
unsigned counter = 1;
void reset(void);
__attribute__((section(".vectors"), used)) const void *const vectors[2] = {&stack_top, reset};
void reset(void)
{
    for (unsigned lane = 0; lane < 4; lane++) {
        unsigned base = 0x40200000u + 0x1000u * lane;
        *(reg *)(base + 0x10) = 16;
        *(reg *)(base + 0x08) = 1;
        for (const char *c = GREETING; *c; c++)
            *(reg *)base = (unsigned)*c;
        *(reg *)base = '0' + lane;
        *(reg *)base = '\\n';
    }
    for (;;)
        *(volatile unsigned *)0x38000000u += 1;
}
"""
_LINKER_SCRIPT = """
MEMORY { FLASH (rx) : ORIGIN = 0x10000000, LENGTH = 1M   RAM (rwx) : ORIGIN = 0x38000010, LENGTH = 64K }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) . = ALIGN(4); } > FLASH
  .data : { *(.data*) } > RAM AT> FLASH
  .stack (NOLOAD) : { . += 1024; stack_top = .; } > RAM
}
"""

Builder = Callable[[str], Path]


@pytest.fixture(scope="module")
def spec() -> BoardSpec:
    return load_board("qemu-mps2-an505")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Makes an image that says a greeting on every lane."""
    folder = tmp_path_factory.mktemp("images")
    (folder / "image.c").write_text(_SOURCE)
    (folder / "image.ld").write_text(_LINKER_SCRIPT)

    def build_one(greeting: str) -> Path:
        output = folder / f"{greeting}.elf"
        flags = ["-mcpu=cortex-m33", "-mthumb", "-O1", "-nostdlib", "-ffreestanding", f'-DGREETING="{greeting} "']
        subprocess.run(["arm-none-eabi-gcc", *flags, "-T", "image.ld", "image.c", "-o", output], cwd=folder, check=True)
        return output

    return build_one


@pytest.fixture
def bench(spec: BoardSpec) -> Iterator[Bench]:
    with open_bench(spec) as opened:
        yield opened


@contextlib.contextmanager
def _lanes(urls: tuple[str, ...]) -> Iterator[list[serial.SerialBase]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(serial.serial_for_url(url, timeout=10)) for url in urls]


def _simulator(bench: Bench) -> QemuSimulator:
    assert bench.simulator is not None
    return bench.simulator


def test_flash_verify_reset_run_and_hear_every_lane(bench: Bench, build: Builder) -> None:
    steps: list[tuple[int, int, str]] = []
    with _lanes(bench.serial_urls) as lanes:
        bench.probe.program(Image.load(build("hello")), lambda done, total, stage: steps.append((done, total, stage)))
        assert [lane.readline() for lane in lanes] == [b"hello %d\n" % index for index in range(4)]
    assert [step[0] for step in steps] == sorted(step[0] for step in steps)
    assert steps[-1][:2] == (3000, 3000)
    assert {step[2] for step in steps} == {"erase", "program", "verify"}


def test_a_second_image_takes_the_place_of_the_first(bench: Bench, build: Builder) -> None:
    with _lanes(bench.serial_urls) as lanes:
        for greeting in ("first", "second", "first"):
            bench.probe.program(Image.load(build(greeting)))
            assert lanes[0].readline() == greeting.encode() + b" 0\n"


def test_flash_outside_the_image_keeps_its_contents(bench: Bench) -> None:
    vectors = (RAM + 0x400).to_bytes(4, "little") + (FLASH + 9).to_bytes(4, "little")
    loop = bytes.fromhex("fee7")  # b .
    far = FLASH + 0xF_F000
    bench.probe.program(
        Image(
            Path("far.elf"),
            FLASH,
            (
                Segment(FLASH, vectors + loop),
                Segment(far, b"far"),
            ),
            (),
            (),
        )
    )
    bench.probe.program(Image(Path("near.elf"), FLASH, (Segment(FLASH, vectors + loop * 3),), (), ()))
    assert bench.probe.read_memory(far, 3) == b"far"


def test_half_a_megabyte_arrives_whole(bench: Bench) -> None:
    vectors = (RAM + 0x400).to_bytes(4, "little") + (FLASH + 9).to_bytes(4, "little")
    contents = vectors + bytes.fromhex("fee7") + random.Random(0).randbytes(500_001)
    bench.probe.program(Image(Path("big.elf"), FLASH, (Segment(FLASH, contents),), (), ()))
    assert bench.probe.read_memory(FLASH, len(contents)) == contents


def test_halt_stops_and_reset_starts_again(bench: Bench, build: Builder) -> None:
    bench.probe.program(Image.load(build("count")))
    with _lanes(bench.serial_urls) as lanes:
        bench.probe.reset()
        assert lanes[0].readline() == b"count 0\n"
        bench.probe.halt()
        standing = bench.probe.read_memory(RAM, 4)
        assert bench.probe.read_memory(RAM, 4) == standing
        bench.probe.write_memory(RAM, bytes(4))
        assert bench.probe.read_memory(RAM, 4) == bytes(4)
        bench.probe.reset()
        assert lanes[0].readline() == b"count 0\n"


def test_image_outside_the_memories_is_refused_before_anything_is_written(bench: Bench) -> None:
    before = bench.probe.read_memory(FLASH, 16)
    segments = (Segment(FLASH, bytes(range(16))), Segment(0x0100_A100, b"option bytes"))
    with pytest.raises(FirmwareFault, match="has bytes at 0x0100a100, where qemu-mps2-an505 has no memory"):
        bench.probe.program(Image(Path("options.elf"), 0, segments, (), ()))
    assert bench.probe.read_memory(FLASH, 16) == before


def test_address_without_memory_is_a_probe_fault(bench: Bench) -> None:
    with pytest.raises(ProbeFault, match="read of 4 bytes at 0x90000000 was refused"):
        bench.probe.read_memory(0x9000_0000, 4)


def test_working_directory_stays(spec: BoardSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_bench(spec):
        assert Path.cwd() == tmp_path


def test_simulator_killed_in_mid_use_is_named_as_the_cause(bench: Bench, build: Builder) -> None:
    bench.probe.program(Image.load(build("doomed")))
    bench.check_alive()
    os.kill(_simulator(bench).pid, signal.SIGKILL)
    with pytest.raises(BenchFault, match=r"the simulator died \(signal 9\)"):
        bench.probe.read_memory(RAM, 4)
    with pytest.raises(BenchFault, match=r"the simulator died \(signal 9\)"):
        bench.check_alive()


def test_firmware_that_locks_the_core_up_shows_what_qemu_said(bench: Bench) -> None:
    """A fault without a handler is a lockup, on which QEMU aborts."""
    vectors = (RAM + 0x400).to_bytes(4, "little") + (FLASH + 9).to_bytes(4, "little")
    undefined = bytes.fromhex("00de")
    image = Image(Path("bad.elf"), FLASH, (Segment(FLASH, vectors + undefined),), (), ())
    with pytest.raises(BenchFault, match=r"the simulator died \(signal 6\): .*Lockup.*R15="):  # noqa: PT012
        bench.probe.program(image)  # the core may run into it before or after this returns
        _simulator(bench).wait()
        bench.check_alive()


def test_simulator_ends_with_its_bench(spec: BoardSpec) -> None:
    with open_bench(spec) as bench:
        simulator = _simulator(bench)
        assert simulator.alive
    assert not simulator.alive


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_simulator_dies_with_a_parent_that_is_killed(spec: BoardSpec) -> None:
    code = (
        "from proofboard_harness.boards import load_board\n"
        "from proofboard_harness.simulator.qemu import run_qemu\n"
        "import time\n"
        f"with run_qemu(load_board({spec.name!r})) as simulator:\n"
        "    print(simulator.endpoints.gdb[1], flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while _accepts(port) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _accepts(port)


def test_two_simulators_do_not_get_in_each_others_way(spec: BoardSpec, build: Builder) -> None:
    with contextlib.ExitStack() as stack:
        benches = [stack.enter_context(open_bench(spec)) for _ in range(2)]
        lanes = [stack.enter_context(_lanes(bench.serial_urls)) for bench in benches]
        for bench, greeting in zip(benches, ("one", "two"), strict=True):
            bench.probe.program(Image.load(build(greeting)))
        assert [lane[0].readline() for lane in lanes] == [b"one 0\n", b"two 0\n"]


def test_debug_port_in_use(bench: Bench, spec: BoardSpec) -> None:
    host, port = _simulator(bench).endpoints.gdb
    with pytest.raises(ProbeFault, match="no answer in time") as caught:
        open_simulated_probe(spec, host, port)
    assert "one at a time" in str(caught.value)


def test_missing_qemu_says_how_to_get_it(spec: BoardSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolMissing, match="qemu-system-arm is not on the PATH") as caught, open_bench(spec):
        pass
    assert "apt-get install qemu-system-arm" in caught.value.hint


def test_machine_that_qemu_does_not_have(spec: BoardSpec, tmp_path: Path) -> None:
    text = (spec.folder / "board.toml").read_text().replace('machine = "mps2-an505"', 'machine = "mps9"')
    (tmp_path / "board.toml").write_text(text)
    message = r"the simulator died \(exit code 1\): .*unsupported machine type"
    with pytest.raises(BenchFault, match=message), open_bench(load_board(str(tmp_path))):
        pass


def _as_metal(spec: BoardSpec, uid: str, url: str = "socket://127.0.0.1:1") -> BoardSpec:
    """A board on the bench, as far as the harness can tell: any pyOCD probe, a given port, no simulator."""
    probe = ProbeSpec(ProbeKind.PYOCD, uid=uid, target=spec.pyocd_target)
    link = LinkSpec(baud=spec.link.baud, url=url)
    return dataclasses.replace(spec, name="metal", probe=probe, link=link, simulator=None)


def test_way_of_a_real_board(spec: BoardSpec, build: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lock, pyOCD's own choice of the probe, session, given port: all but the metal."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with run_qemu(spec) as simulator, _lanes(simulator.endpoints.serial_urls[:1]) as (lane,):
        host, port = simulator.endpoints.gdb
        metal = _as_metal(spec, f"gdbstub:{host}:{port}", simulator.endpoints.serial_urls[0])
        for greeting in ("one", "two"):
            with open_bench(metal) as bench:
                assert bench.serial_urls == simulator.endpoints.serial_urls[:1]
                assert bench.simulator is None
                bench.probe.program(Image.load(build(greeting)))
                assert lane.readline() == greeting.encode() + b" 0\n"
                bench.check_alive()
                with pytest.raises(BenchFault, match=f"is in use by process {os.getpid()} "), open_bench(metal):
                    pass


def test_probe_that_is_not_plugged_in(spec: BoardSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    message = "expected one debug probe with uid 'no-such-probe', found: none"
    with pytest.raises(ProbeFault, match=message), open_bench(_as_metal(spec, "no-such-probe")):
        pass


def test_pack_that_is_not_there(spec: BoardSpec, tmp_path: Path) -> None:
    probe = ProbeSpec(ProbeKind.PYOCD, target="r7fa6e10f", pack=tmp_path / "ra.pack")
    with pytest.raises(ConfigurationFault, match=r"ra\.pack: there is no such pack"):
        open_pyocd_probe(dataclasses.replace(spec, probe=probe))


def test_target_that_pyocd_does_not_know(spec: BoardSpec) -> None:
    metal = _as_metal(spec, "gdbstub:127.0.0.1:1")
    unknown = dataclasses.replace(metal, probe=dataclasses.replace(metal.probe, target="r7nothing"))
    with pytest.raises(ConfigurationFault, match="pyOCD does not know the target 'r7nothing'"):
        open_pyocd_probe(unknown)


def _pyocd(simulator: QemuSimulator, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    host, port = simulator.endpoints.gdb
    probe = ["-u", f"gdbstub:{host}:{port}", "-t", "qemu_mps2_an505"]
    return subprocess.run(
        [_PYOCD, command, *probe, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


def test_plain_pyocd_loads_and_commands_a_running_simulator(spec: BoardSpec, build: Builder) -> None:
    image = Image.load(build("plain"))
    with run_qemu(spec) as simulator, _lanes(simulator.endpoints.serial_urls[:1]) as (lane,):
        loaded = _pyocd(simulator, "load", str(image.path))
        assert loaded.returncode == 0, loaded.stderr
        assert "programmed 2048 bytes (1 page)" in loaded.stderr
        assert lane.readline() == b"plain 0\n"

        first_word = int.from_bytes(image.segments[0].data[:4], "little")
        commanded = _pyocd(simulator, "commander", "-c", f"read32 {FLASH:#x}", "-c", "reset -h", "-c", "reg pc")
        assert commanded.returncode == 0, commanded.stderr
        assert f"{first_word:08x}" in commanded.stdout
        entry = int.from_bytes(image.segments[0].data[4:8], "little") & ~1
        assert f"pc = {entry:#010x}" in commanded.stdout

        resumed = _pyocd(simulator, "commander", "-c", "go")
        assert resumed.returncode == 0, resumed.stderr
        assert lane.readline() == b"plain 0\n", "a standing core stands between two commands until it is let go"


def test_plain_pyocd_where_no_simulator_runs() -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
        result = subprocess.run(
            [_PYOCD, "commander", "-u", f"gdbstub:127.0.0.1:{port}", "-t", "qemu_mps2_an505", "-c", "status"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.returncode != 0
    assert "no connection" in result.stderr
    assert "Traceback" not in result.stderr
