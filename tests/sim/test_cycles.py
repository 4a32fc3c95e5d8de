"""The cycle model on the simulator: each row of the table in docs/cycle-model.md as a few instructions of assembly with
the cycles that it implies, and the call tree, the windows and the memories over small programs."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest
from proofboard_harness import toolchain
from proofboard_harness.bench import open_bench
from proofboard_harness.elf import Image
from proofboard_harness.errors import BenchFault, ConfigurationFault, FirmwareFault, TargetFault
from proofboard_harness.link import SerialLink
from proofboard_harness.simulator.cycle_build import plugin_version
from proofboard_harness.simulator.cycle_counter import ProfileRequest
from proofboard_harness.simulator.cycle_output import read_functions
from proofboard_harness.simulator.cycle_tree import CycleProfile, InstructionClass, by_function
from proofboard_harness.simulator.cycles import CycleRun, main, run_image
from proofboard_harness.simulator.qemu import run_qemu
from proofboard_harness.spec import BoardSpec, CacheSpec, MemoryKind

pytestmark = pytest.mark.simulator

# R0 points to 64 words of RAM that all hold their own address, R2 and R4 to R7 are 0, R3 is 3.
_CASES = {
    "plain": ("add r1, r2; add r4, r1", 2),
    "plain_wide": ("add.w r1, r1, r2; add.w r4, r4, r1", 2),
    "load": ("ldr r1, [r0]", 1),
    "load_use": ("ldr r1, [r0]; add.w r2, r1, r2", 3),
    "load_gap_use": ("ldr r1, [r0]; mov.w r4, r5; add.w r2, r1, r2", 3),
    "load_address": ("ldr r1, [r0]; ldr r2, [r1]", 3),
    "load_base_update": ("ldr r1, [r0], #4; ldr r2, [r0], #4", 2),
    "load_accumulate": ("ldr r1, [r0]; smlad r1, r2, r3, r1", 2),
    "load_multiply": ("ldr r1, [r0]; smlad r2, r1, r3, r2", 3),
    "load_extend_add": ("ldr r1, [r0]; sxtab16 r2, r1, r3", 3),
    "load_store": ("ldr r1, [r0]; str r1, [r0, #4]", 2),
    "load_multiple": ("ldmia r0, {r1, r4, r5, r6}", 4),
    "load_multiple_use_first": ("ldmia r0, {r1, r4, r5, r6}; add.w r7, r7, r1", 5),
    "load_multiple_use_last": ("ldmia r0, {r1, r4, r5, r6}; add.w r7, r7, r6", 6),
    "load_dual": ("ldrd r1, r2, [r0]", 2),
    "load_dual_use_first": ("ldrd r1, r2, [r0]; add.w r4, r4, r1", 3),
    "load_dual_use_second": ("ldrd r1, r2, [r0]; add.w r4, r4, r2", 4),
    "store_multiple": ("stmia r0!, {r1, r4, r5, r6}", 4),
    "store_dual": ("strd r1, r2, [r0]", 2),
    "push_pop": ("push {r4-r7}; pop {r4-r7}", 8),
    "accumulate_chain": ("smlad r1, r2, r3, r1; smlad r1, r2, r3, r1; smlald r1, r4, r2, r3; mla r1, r2, r3, r1", 4),
    "accumulate_use": ("smlad r1, r2, r3, r1; add.w r4, r1, r4", 3),
    "accumulate_gap_use": ("smlad r1, r2, r3, r1; mov.w r5, r6; add.w r4, r1, r4", 3),
    "accumulate_multiply": ("smlad r1, r2, r3, r1; smlad r4, r1, r3, r4", 3),
    "accumulate_store": ("smlad r1, r2, r3, r1; str r1, [r0]", 2),
    "multiply_accumulate": ("mul r1, r2, r3; mla r1, r2, r3, r1", 2),
    "multiply_use": ("mul r1, r2, r3; add.w r4, r1, r4", 3),
    "multiply_flags": ("muls r2, r3, r2", 2),
    "multiply_flags_use": ("muls r2, r3, r2; add.w r4, r2, r4", 3),
    "shifted_use": ("add r1, r2, r3, lsl #2; add.w r4, r1, r4", 3),
    "shifted_gap_use": ("add r1, r2, r3, lsl #2; mov.w r5, r6; add.w r4, r1, r4", 3),
    "shifted_accumulate": ("and r1, r2, r3, lsr #4; smlad r1, r2, r3, r1", 2),
    "shifted_multiply": ("and r1, r2, r3, lsr #4; smlad r4, r1, r3, r4", 3),
    "shift_alone_use": ("lsl.w r1, r2, #3; add.w r4, r1, r4", 2),
    "flags_use": ("tst.w r2, r3; it eq; moveq r1, r2", 3),
    "shifted_flags_use": ("tst.w r2, r3, lsl #1; it eq; moveq r1, r2", 4),
    "rotated_constant_use": ("add r1, r2, #0x1fc0; add.w r4, r1, r4", 3),
    "rotated_constant_flags": ("adds r1, r2, #0x1fc0", 2),
    "pattern_constant_use": ("eor r1, r2, #0x1b1b1b1b; add.w r4, r1, r4", 2),
    "extend_add_use": ("sxtab16 r1, r2, r3; add.w r4, r1, r4", 3),
    "extend_add_chain": ("sxtab16 r1, r2, r3; sxtab16 r1, r1, r3; smlad r1, r2, r3, r1", 3),
    "bit_field_use": ("bfi r1, r2, #3, #4; add.w r4, r1, r4", 2),
    "divide": ("udiv r1, r2, r3", 2),
    "nop_pairs": ("mov r1, r2; nop", 1),
    "nop_alone": ("nop; nop", 2),
    "nop_after_wide": ("add.w r1, r1, r2; nop", 2),
    "it_pairs": ("mov r1, r2; it eq; moveq r1, r3", 2),
    "it_after_wide": ("add.w r1, r1, r2; it eq; moveq r1, r3", 3),
    "failed_condition": ("cmp r0, r0; it ne; movne r1, r2", 2),
    "failed_branch": ("cmp r0, r0; it ne; popne {r1, r4, pc}", 2),
    "jump": ("b 1f; nop; 1:", 2),
    "jump_wide": ("mov r1, r2; b.w 1f; nop; 1:", 3),
    "jump_pairs": ("mov r1, r2; b 1f; nop; 1:", 2),
    "jump_after_flags": ("movs r1, #1; b 1f; nop; 1:", 3),
    "compare_zero_on_fresh": ("mov r1, r2; cbz r1, 1f; nop; 1:", 3),
    "compare_zero": ("mov r1, r3; cbz r2, 1f; nop; 1:", 2),
    "loop_after_flags": ("movs r1, #4; 1: subs r1, #1; bne 1b", 1 + 4 * 1 + 3 * 2),
    "loop_pairs": ("movs r1, #4; 1: subs r1, #1; add r4, r5; bne 1b", 1 + 4 * 2 + 3 * 1),
    "loop_wide_branch": ("movs r1, #4; 1: subs r1, #1; bne.w 1b", 1 + 4 * 1 + 3 * 2 + 1),
    "loop_after_wide": ("movs r1, #4; 1: subs r1, #1; add.w r4, r4, r5; bne 1b", 1 + 4 * 2 + 3 * 2 + 1),
    "loop_after_load_multiple": ("movs r1, #4; 1: subs r1, #1; ldmia r0!, {r4, r5}; bne 1b", 1 + 4 * 3 + 3 * 1),
    "hazard_over_border": ("ldr r1, [r0]; cbnz r2, 1f; add.w r4, r4, r1; 1:", 3),
    "hazard_hidden_by_refill": ("ldr r1, [r0]; b 1f; nop; 1: add.w r4, r4, r1", 3),
    "hazard_in_loop": ("movs r1, #3; 1: add.w r4, r4, r5; ldr r5, [r0]; subs r1, #1; bne 1b", 1 + 3 * 3 + 2 * 2),
    "table_branch": ("tbb [pc, r2]; .byte 1, 1; 1:", 3),
    "float_multiply_add": ("vfma.f32 s0, s1, s2; vfma.f32 s3, s4, s5", 4),
    "float_multiply_add_chain": ("vfma.f32 s0, s1, s2; vfma.f32 s0, s4, s5", 4),
    "float_multiply_add_filled": ("vfma.f32 s0, s1, s2; mov.w r1, r2; mov.w r1, r2; vfma.f32 s3, s4, s5", 4),
    "float_add_use": ("vadd.f32 s0, s1, s2; vadd.f32 s3, s0, s1", 3),
    "float_load_use": ("vldr s0, [r0]; vadd.f32 s3, s0, s1", 3),
    "float_divide": ("vdiv.f32 s0, s1, s2; vadd.f32 s3, s4, s5", 15),
    "float_root": ("vsqrt.f32 s0, s1; mov.w r1, r2; vadd.f32 s3, s4, s5", 15),
    "float_divide_hidden": ("vdiv.f32 s0, s1, s2; mov.w r1, r2; mov.w r1, r2", 3),
}

_START = """
    .syntax unified
    .cpu cortex-m33
    .fpu fpv5-sp-d16
    .thumb
    .text
    .word 0x38008000
    .word reset + 1
    .global reset
    .type reset, %function
reset:
    ldr r0, =0xE000ED88
    ldr r1, =0x00F00000
    str r1, [r0]
    dsb
    isb
    bl main
    ldr r0, =0x18
    ldr r1, =0x20026
    bkpt 0xAB
    b .
    .size reset, . - reset
    .ltorg
"""
_REGISTERS = """
    ldr r0, =0x38000000
    mov r1, #256
1:  subs r1, #4
    str r0, [r0, r1]
    bne 1b
    mov r2, #0
    mov r3, #3
    mov r4, #0
    mov r5, #0
    mov r6, #0
    mov r7, #0
"""


def _function(name: str, body: str) -> str:
    head = f"    .balign 4\n    .global {name}\n    .type {name}, %function\n{name}:\n"
    return f"{head}{body}\n    .size {name}, . - {name}\n"


def _link(source: str, folder: Path) -> Path:
    assembly, image = folder / "image.s", folder / "image.elf"
    assembly.write_text(_START + source, encoding="utf-8")
    compiler = toolchain.find(toolchain.ARM_GCC)
    flags = ["-mcpu=cortex-m33", "-mfloat-abi=hard", "-nostdlib", "-Wl,-Ttext=0x10000000", "-Wl,-ereset"]
    subprocess.run([compiler, *flags, "-o", image, assembly], check=True)
    return image


def _caller(*functions: str, before: str = _REGISTERS) -> str:
    calls = "".join(f"{before}\n    bl {function}\n" for function in functions)
    return _function("main", f"    push {{r4-r8, lr}}\n{calls}    pop {{r4-r8, pc}}\n    .ltorg")


@pytest.fixture(scope="module")
def still(board_spec: BoardSpec) -> BoardSpec:
    """The board with memories that never wait."""
    memory = tuple(dataclasses.replace(region, wait_states=0) for region in board_spec.memory)
    return dataclasses.replace(board_spec, memory=memory, cache=None)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One image with all cases, each a function that is called once."""
    functions = "".join(
        _function(name, body.replace(";", "\n") + "\n    bx lr\n    .ltorg") for name, (body, _) in _CASES.items()
    )
    return _link(_caller(*_CASES) + functions, tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def counted(cases: Path, still: BoardSpec) -> CycleRun:
    return run_image(cases, still)


def _body_cycles(image: Path, profile: CycleProfile, function: str) -> int:
    """Cycles of a function without its last instruction, which returns."""
    place = next(place for place in read_functions(image) if place.name == function)
    rows = [row for row in profile.instructions if place.start <= row.address < place.end]
    return sum(row.low for row in rows[:-1])


@pytest.mark.parametrize("case", _CASES)
def test_cycles_follow_the_table(cases: Path, counted: CycleRun, case: str) -> None:
    assert _body_cycles(cases, counted.profile, case) == _CASES[case][1]


def test_only_division_has_an_interval_without_wait_states(counted: CycleRun) -> None:
    rows = {row.function: row for row in by_function(counted.tree)}
    assert rows["divide"].own.high - rows["divide"].own.low == 9
    assert all(row.own.high == row.own.low for name, row in rows.items() if name != "divide")


def test_return_by_load_waits_for_the_address(tmp_path: Path, still: BoardSpec) -> None:
    image = _link(_caller("callee") + _function("callee", "push {r4, lr}\n pop {r4, pc}"), tmp_path)
    callee = run_image(image, still).tree.find("callee")[0]
    assert callee.own.low == 2 + (2 + 2)  # a push of two, a pop of two with use of the address and refill


def test_two_runs_count_the_same(cases: Path, board_spec: BoardSpec) -> None:
    assert run_image(cases, board_spec) == run_image(cases, board_spec)


def test_classes_add_up(counted: CycleRun) -> None:
    for node in counted.tree.walk():
        assert sum(node.classes.values()) == node.own.instructions
        assert InstructionClass.UNKNOWN not in node.classes


def test_bytes_are_those_of_the_accesses(counted: CycleRun) -> None:
    own = {node.function: node.own for node in counted.tree.walk()}
    assert (own["load_multiple"].bytes_read, own["load_multiple"].bytes_written) == (16, 0)
    assert (own["store_dual"].bytes_read, own["store_dual"].bytes_written) == (0, 8)


_TREE = (
    _caller("outer", "outer", before="    mov r0, #2")
    + _function(
        "outer", "push {r4, lr}\n bl recursive\n bl jumper\n ldr r3, =leaf + 1\n blx r3\n pop {r4, pc}\n .ltorg"
    )
    + _function("recursive", "push {r4, lr}\n subs r0, #1\n it ne\n blne recursive\n pop {r4, pc}")
    + _function("jumper", "nop\n b.w leaf")
    + _function("leaf", "mov r0, #2\n bx lr")
)


def test_calls_are_attributed_to_their_path(tmp_path: Path, still: BoardSpec) -> None:
    tree = run_image(_link(_TREE, tmp_path), still).tree
    main_node = tree.find("main")[0]
    assert [(child.function, child.calls) for child in main_node.children] == [("outer", 1), ("outer", 1)]
    for outer in main_node.children:
        assert [child.function for child in outer.children] == ["recursive", "jumper", "leaf"]
        assert [child.function for child in outer.children[0].children] == ["recursive"]
        assert [child.function for child in outer.children[1].children] == ["leaf"]
    rows = {row.function: row for row in by_function(tree)}
    assert {name: row.calls for name, row in rows.items()} == {
        "reset": 1, "main": 1, "outer": 2, "recursive": 4, "jumper": 2, "leaf": 4,
    }  # fmt: skip
    assert rows["recursive"].total == rows["recursive"].own
    assert tree.total.instructions == sum(row.own.instructions for row in rows.values())


def test_window_counts_only_its_calls(tmp_path: Path, still: BoardSpec) -> None:
    image = _link(_TREE, tmp_path)
    whole, window = run_image(image, still).tree, run_image(image, still, windows=["jumper"]).tree
    assert {node.function for node in window.walk()} == {"all", "jumper", "leaf"}
    assert window.total == sum((node.total for node in whole.find("jumper")), start=type(window.total)())


def test_device_access_in_a_block_is_counted_once(tmp_path: Path, still: BoardSpec) -> None:
    """QEMU leaves a block at the access of a device and goes on with another one behind it."""
    body = "ldr r1, =0x40200004\n" + " mov.w r2, r3\n ldr r4, [r1]\n" * 2 + " mov.w r2, r3\n bx lr\n .ltorg"
    tree = run_image(_link(_caller("device") + _function("device", body), tmp_path), still).tree
    device = tree.find("device")[0]
    assert device.own.instructions == 7
    assert device.own.low == 7 + 1


_FLAT = "movs r1, #8\n1:\n" + " add.w r4, r4, r5\n" * 16 + " subs r1, #1\n bne.w 1b\n"


def _waiting(still: BoardSpec, kind: MemoryKind, cache: CacheSpec | None) -> BoardSpec:
    memory = tuple(dataclasses.replace(region, wait_states=5 if region.kind is kind else 0) for region in still.memory)
    return dataclasses.replace(still, memory=memory, cache=cache)


@pytest.mark.parametrize(
    ("cache", "waits"),
    [
        (CacheSpec(lines=64, line_bytes=32), 3 * 5),  # 74 bytes of code in 3 lines, each fetched once
        (CacheSpec(lines=64, line_bytes=32, fill_cycles=7), 3 * (5 + 7)),
        (CacheSpec(lines=2, line_bytes=32), (3 + 7 * 2) * 5),  # of its 3 lines, two push each other out
        (None, (8 * 18 + 1) * 5),  # a word at a time: 18 in each round, and the one of the return
    ],
)
def test_code_from_flash_waits(tmp_path: Path, still: BoardSpec, cache: CacheSpec | None, waits: int) -> None:
    image = _link(_caller("flat") + "    .balign 32\n" + _function("flat", _FLAT + "bx lr"), tmp_path)
    own = run_image(image, _waiting(still, MemoryKind.FLASH, cache), windows=["flat"]).tree.total
    assert own.high - own.low == waits


def test_data_in_ram_waits_at_each_access(tmp_path: Path, still: BoardSpec) -> None:
    body = _function("access", "ldmia r0, {r1, r2, r4}\n str r1, [r0]\n ldrb r1, [r0, #1]\n bx lr")
    image = _link(_caller("access") + body, tmp_path)
    own = run_image(image, _waiting(still, MemoryKind.RAM, None), windows=["access"]).tree.total
    assert own.high - own.low == 5 * 5


def test_data_in_flash_waits_for_each_line(tmp_path: Path, still: BoardSpec) -> None:
    body = "    .balign 32\n" + _function("access", "adr r0, 1f\n ldmia r0, {r1-r8}\n ldmia r0, {r1-r8}\n bx lr\n")
    body += "    .balign 32\n1:  .space 32\n"
    image = _link(_caller("access") + body, tmp_path)
    cache = CacheSpec(lines=64, line_bytes=32)
    own = run_image(image, _waiting(still, MemoryKind.FLASH, cache), windows=["access"]).tree.total
    assert own.high - own.low == 2 * 5  # one line of code, one of data


_TIMED = """
    push {r4-r8, lr}
    ldr r6, =0x40200000
    mov r7, #3
    str r7, [r6, #8]
    ldr r6, =0xE000E010
    ldr r7, =0xFFFFFF
    str r7, [r6, #4]
    str r7, [r6, #8]
    mov r7, #5
    str r7, [r6]
    ldr r7, [r6, #8]
    bl work
    ldr r6, [r6, #8]
    sub r7, r7, r6
    ldr r6, =0x40200000
    str r7, [r6]
    lsr r7, r7, #8
    str r7, [r6]
    pop {r4-r8, pc}
    .ltorg
"""


def test_instructions_agree_with_the_simulators_clock(tmp_path: Path, still: BoardSpec) -> None:
    """SysTick at 20 MHz counts 64 ns an instruction; between its readings are the call, the function and a load."""
    work = f"push {{r4, lr}}\n mov r8, #9\n2: {_FLAT} subs r8, #1\n bne 2b\n pop {{r4, pc}}"
    image = _link(_function("main", _TIMED) + _function("work", work), tmp_path)
    run = run_image(image, still, windows=["work"])
    ticks = int.from_bytes(run.output, "little")
    assert ticks > 1000
    assert abs(ticks * 25 / 32 - (run.tree.total.instructions + 2)) <= 1


def _instruction_by_instruction(spec: BoardSpec) -> BoardSpec:
    """QEMU cuts the code into blocks of one instruction each."""
    assert spec.simulator is not None
    new = plugin_version(toolchain.version(toolchain.QEMU)) > 1
    options = ("-accel", "tcg,one-insn-per-tb=on") if new else ("-singlestep",)
    simulator = dataclasses.replace(spec.simulator, arguments=(*spec.simulator.arguments, *options))
    return dataclasses.replace(spec, simulator=simulator)


def test_waits_do_not_depend_on_how_code_is_cut_into_blocks(tmp_path: Path, still: BoardSpec) -> None:
    """The second line of code and the data take each other's place in the cache."""
    body = "adr r0, 1f\n ldr r1, [r0]\n" + " mov.w r2, r3\n" * 8 + " ldr r4, [r0]\n bx lr\n"
    body += "    .balign 64\n    .space 32\n1:  .word 0\n"
    image = _link(_caller("access") + "    .balign 64\n" + _function("access", body), tmp_path)
    spec = _waiting(still, MemoryKind.FLASH, CacheSpec(lines=2, line_bytes=32))
    runs = [run_image(image, board, windows=["access"]) for board in (spec, _instruction_by_instruction(spec))]
    assert runs[0] == runs[1]
    assert runs[0].tree.total.high - runs[0].tree.total.low == 4 * 5  # code, data, code, data


def test_endless_image_is_the_targets_fault(tmp_path: Path, still: BoardSpec) -> None:
    image = _link(_function("main", "b main"), tmp_path)
    with pytest.raises(TargetFault, match="did not end within 1 s"):
        run_image(image, still, seconds=1)


def test_wrong_input_is_named(tmp_path: Path, cases: Path, still: BoardSpec) -> None:
    with pytest.raises(ConfigurationFault, match="no function 'pb_nothing'"):
        run_image(cases, still, windows=["pb_nothing"])
    text = tmp_path / "text.elf"
    text.write_text("no image")
    with pytest.raises(FirmwareFault, match="not an ELF file"):
        run_image(text, still)


def test_command_line_prints_functions_and_code(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(cases), "--tree", "--annotate", "load_use"]) == 0
    printed = capsys.readouterr().out
    assert "load_multiple_use_last" in printed
    assert any(line.split()[:2] == ["1", "2.00"] and "add.w" in line for line in printed.splitlines())
    assert main([str(cases), "--window", "pb_nothing"]) == 2
    assert "pb_nothing" in capsys.readouterr().err


def test_session_is_counted_until_it_is_asked_for(tmp_path: Path, still: BoardSpec) -> None:
    """As in a run: programmed while QEMU stands, and never ending by itself."""
    send = "ldr r1, =0x40200000\n mov r2, #3\n str r2, [r1, #8]\n mov r2, #33\n str r2, [r1]\n b .\n .ltorg"
    image = _link(_function("main", f"mov r2, #0\n bl work\n{send}") + _function("work", _FLAT + "bx lr"), tmp_path)
    request = ProfileRequest(image, ("work",))
    with open_bench(still, profile=request) as bench:
        link = SerialLink(bench.serial_urls[0], still.link.baud)
        bench.probe.program(Image.load(image))
        assert link.read(20.0) == b"!"
        link.close()
        assert bench.simulator is not None
        tree = bench.simulator.profile()
    assert [(node.function, node.calls) for node in tree.walk()] == [("all", 0), ("work", 1)]
    assert tree.total.instructions == 1 + 8 * 18 + 1


def test_simulator_without_a_profile_has_none(still: BoardSpec) -> None:
    with run_qemu(still) as simulator, pytest.raises(BenchFault, match="without a profile"):
        simulator.profile()
