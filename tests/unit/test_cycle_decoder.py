"""The cycle model's decoder beside Capstone's: lengths, registers read and written, classes, over the firmware's code
as the compiler makes it, the C library's, and a list of instructions that neither may use."""

from __future__ import annotations

import ctypes
import subprocess
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import capstone
import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from proofboard_harness import toolchain
from proofboard_harness.build import firmware_folder
from proofboard_harness.simulator.cycle_build import sources_folder
from proofboard_harness.simulator.cycle_tree import InstructionClass as Class

_CORE = ["-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"]
_SETS = ("sources", "accumulators", "addends", "stored", "results", "updates")
_BYTES = ("size", "issue", "extra_taken", "bytes_read", "bytes_written")
_WORDS = ("kind", "result", "flow")
_FLAGS = ("serial", "returns", "sets_flags", "is_float", "in_it")
_PC_AND_FLAGS = 3 << 15
_ALIASES = {"sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14, "pc": 15}

_LISTED = """
smlad smladx smlsd smlabb smlatt smlawb smmla smmlar smmls mla mls usada8 = r0, r1, r2, r3
smuad smusdx smulbb smultb smulwt smmul smmulr mul usad8 sdiv udiv = r0, r1, r2
smull umull smlal umlal umaal smlald smlaldx smlsld smlalbb smlaltt = r0, r1, r2, r3
qadd qdadd qsub qdsub sadd16 qadd16 uqsub8 shasx uhsub16 sel lsl.w asrs.w ror.w adc.w orn bic.w = r0, r1, r2
sxtab16 uxtab16 sxtab sxtah uxtah = r0, r1, r2, ror #8
sxtb16 uxtb16 sxtb.w uxth.w ror.w lsrs.w = r0, r1, {8}
rev.w rev16.w revsh.w rbit clz rrx mvn.w teq cmp.w = r8, r9
and.w add.w adds.w rsb eors.w sbc.w pkhbt = r0, r1, r2, lsl #3
add.w adds.w sub.w orr.w rsbs.w = r0, r1, #0x1fc0
eor bic ands.w = r0, r1, #0x1b1b1b1b
addw subw = r0, r1, #0xfff
movw movt mov.w movs.w mvn tst.w cmp.w cmn.w = r0, #0xff
ssat usat = r0, #8, r1, asr #3
ssat16 usat16 = r0, #8, r1
bfi sbfx ubfx = r0, r1, #3, #4
ldr.w ldrb.w ldrsb.w ldrh.w ldrsh.w str.w strb.w strh.w = r0, [r1, r2, lsl #2]
ldr.w ldrb.w ldrsb.w ldrh.w ldrsh.w str.w strb.w strh.w = r0, [r1], #4
ldr.w ldrb.w ldrsb.w ldrh.w ldrsh.w str.w strb.w strh.w = r0, [r1, #-4]!
ldr.w ldrb.w ldrsb.w ldrh.w ldrsh.w str.w strb.w strh.w = r0, [r1, #400]
ldrd strd = r0, r1, [r2], #8
ldmia.w ldmdb stmia.w stmdb = r0!, {r1-r8}
ldrex ldrexb ldrexh lda stl = r0, [r1]
strex strexb strexh = r0, r1, [r2]
tbb = [r0, r1]
vadd.f32 vsub.f32 vmul.f32 vnmul.f32 vmaxnm.f32 vminnm.f32 vselge.f32 = s0, s1, s2
vmla.f32 vmls.f32 vnmla.f32 vnmls.f32 vfma.f32 vfms.f32 vfnma.f32 vfnms.f32 vdiv.f32 = s0, s1, s2
vsqrt.f32 vabs.f32 vneg.f32 vmov.f32 vcmp.f32 vcvt.s32.f32 vcvt.f32.u32 vcvta.s32.f32 vrintz.f32 = s0, s1
vcvt.f32.s32 vcvt.s16.f32 = s5, s5, #8
vmov = r0, s1
vmov = s1, r0
vmov = r0, r1, s2, s3
vmov = d1, r0, r1
vmrs = r0, fpscr
vldr vstr = s1, [r0, #4]
vldmia vstmia = r0!, {s1-s4}
vldr vstr = d1, [r0]
"""


class _Decoded(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_uint64) for name in _SETS),
        *((name, ctypes.c_uint8) for name in _BYTES),
        *((name, ctypes.c_uint) for name in _WORDS),
        *((name, ctypes.c_bool) for name in _FLAGS),
    ]


@dataclass(frozen=True)
class _Pair:
    """An instruction as both decoders see it."""

    ours: _Decoded
    theirs: capstone.CsInsn

    @property
    def mnemonic(self) -> str:
        return str(self.theirs.mnemonic).split(".")[0]

    @property
    def kind(self) -> Class:
        return tuple(Class)[self.ours.kind]


def _read(path: Path) -> Iterator[tuple[int, bytes, Callable[[int], bool]]]:
    """Sections with code: address, bytes, and whether an offset is code (mapping symbols of the Arm ELF ABI)."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        marks: dict[int, list[tuple[int, bool]]] = {}
        for table in elf.iter_sections():
            if isinstance(table, SymbolTableSection):
                for symbol in table.iter_symbols():
                    if symbol.name[:2] in ("$t", "$d"):
                        marks.setdefault(symbol["st_shndx"], []).append((symbol["st_value"], symbol.name[1] == "t"))
        for index, section in enumerate(elf.iter_sections()):
            if section["sh_type"] == "SHT_PROGBITS" and section["sh_flags"] & 4:
                ordered = sorted(marks.get(index, []))
                places = [place for place, _ in ordered]

                def is_code(address: int, ordered=ordered, places=places) -> bool:  # type: ignore[no-untyped-def]
                    found = bisect_right(places, address) - 1
                    return found >= 0 and ordered[found][1]

                yield section["sh_addr"], section.data(), is_code


def _pairs(library: ctypes.CDLL, path: Path) -> Iterator[_Pair]:
    disassembler = capstone.Cs(
        capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
    )
    disassembler.detail = True
    for start, code, is_code in _read(path):
        offset = state = 0
        while offset + 2 <= len(code):
            if not is_code(start + offset):
                offset, state = offset + 2, 0
                continue
            first = int.from_bytes(code[offset : offset + 2], "little")
            second = int.from_bytes(code[offset + 2 : offset + 4], "little")
            ours = library.pb_decode(first, second, state)
            state = library.pb_advance_it(state, first)
            theirs = next(disassembler.disasm(code[offset : offset + 4], start + offset, 1))
            yield _Pair(ours, theirs)
            offset += theirs.size


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    path = tmp_path_factory.mktemp("decoder") / "decoder.so"
    sources = [str(source) for source in sources_folder().glob("decode*.c")]
    subprocess.run([toolchain.find(toolchain.HOST_CC), "-shared", "-fPIC", "-O1", "-o", path, *sources], check=True)
    loaded = ctypes.CDLL(str(path))
    loaded.pb_decode.restype = _Decoded
    loaded.pb_decode.argtypes = [ctypes.c_uint16, ctypes.c_uint16, ctypes.c_uint8]
    loaded.pb_advance_it.restype = ctypes.c_uint8
    loaded.pb_advance_it.argtypes = [ctypes.c_uint8, ctypes.c_uint16]
    return loaded


def _listed() -> str:
    lines = [".syntax unified", ".cpu cortex-m33", ".fpu fpv5-sp-d16", ".thumb"]
    for line in _LISTED.strip().splitlines():
        names, operands = line.split(" = ")
        for name in names.split():
            rotation = "ror #8" if "xt" in name else "#3"
            lines.append(f" {name} {operands.replace('{8}', rotation)}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def pairs(library: ctypes.CDLL, tmp_path_factory: pytest.TempPathFactory) -> list[_Pair]:
    folder = tmp_path_factory.mktemp("code")
    compiler = toolchain.find(toolchain.ARM_GCC)
    (folder / "listed.s").write_text(_listed(), encoding="utf-8")
    firmware = firmware_folder()
    includes = [f"-I{firmware / name}" for name in ("include", "src", "cortex_m")]
    objects = []
    sources = [*firmware.glob("src/*.c"), *firmware.glob("cortex_m/*.c")]
    general = [source for source in sources if '"generated_' not in source.read_text(encoding="utf-8")]
    for source in [*general, folder / "listed.s"]:
        objects.append(folder / f"{source.stem}.o")
        subprocess.run([compiler, *_CORE, "-O2", *includes, "-c", source, "-o", objects[-1]], check=True)
    command = [compiler, *_CORE, "-print-file-name=libm.a"]
    archive = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run(["arm-none-eabi-ar", "x", archive], cwd=folder, check=True)
    objects += sorted(folder.glob("lib_a-s*.o"))
    return [pair for path in objects for pair in _pairs(library, path)]


def test_enough_code_is_compared(pairs: list[_Pair]) -> None:
    assert len(pairs) > 5000
    assert len({pair.mnemonic for pair in pairs}) > 150


def test_lengths_are_equal(pairs: list[_Pair]) -> None:
    assert [str(pair.theirs) for pair in pairs if pair.ours.size != pair.theirs.size] == []


def _registers(instruction: capstone.CsInsn, numbers: list[int]) -> int:
    found = 0
    for number in numbers:
        name = instruction.reg_name(number)
        if name in _ALIASES:
            found |= 1 << _ALIASES[name]
        elif name[0] in "rsd" and name[1:].isdigit():
            position = int(name[1:])
            found |= {"r": 1 << position, "s": 1 << (32 + position), "d": 3 << (32 + 2 * position)}[name[0]]
    return found & ~_PC_AND_FLAGS


# Of these, Capstone leaves registers out: the sums of long multiplies, second operands of packing and extending, those
# of saturation, bases that are written back. The list of VPOP it calls read.
_INCOMPLETE = ("smlal", "umlal", "umaal", "smlsl", "pkh", "sxta", "uxta", "ssat", "usat", "stmdb", "vldm", "vstm")
_INCOMPLETE += ("vpush", "vpop", "vmsr", "blxns", "tt")


def test_registers_are_equal(pairs: list[_Pair]) -> None:
    wrong = []
    for pair in pairs:
        read, written = (_registers(pair.theirs, numbers) for numbers in pair.theirs.regs_access())
        ours = pair.ours
        ours_read = (ours.sources | ours.accumulators | ours.addends | ours.stored) & ~_PC_AND_FLAGS
        ours_written = (ours.results | ours.updates) & ~_PC_AND_FLAGS
        if pair.mnemonic.startswith(_INCOMPLETE):
            good = not read & ~ours_read and not written & ~ours_written
            good |= pair.mnemonic in ("vpush", "vpop") and (ours_read | ours_written) == read | written | 1 << 13
        else:
            good = (ours_read, ours_written) == (read, written)
        if not good:
            wrong.append(f"{pair.theirs.mnemonic} {pair.theirs.op_str}")
    assert sorted(set(wrong)) == []


_KINDS = {
    Class.LOAD_MULTIPLE: ("ldm", "pop", "ldrd", "vldm", "vpop"),
    Class.STORE_MULTIPLE: ("stm", "push", "strd", "vstm", "vpush"),
    Class.EXTEND_ADD: ("sxta", "uxta"),
    Class.DIVIDE: ("sdiv", "udiv"),
    Class.MULTIPLY: ("mul", "mla", "mls", "sml", "smu", "smm", "uml", "umu", "uma", "usad8", "usada8", "smusd"),
    Class.LOAD: ("ldr", "lda", "vldr"),
    Class.STORE: ("str", "stl", "vstr"),
    Class.FLOAT_MULTIPLY_ADD: ("vfma", "vfms", "vfnm", "vmla", "vmls", "vnmla", "vnmls"),
    Class.FLOAT_DIVIDE: ("vdiv", "vsqrt"),
    Class.IT: ("it",),
    Class.CALL: ("bl", "blx", "blxns"),
    Class.BRANCH: ("b", "bx", "cbz", "cbnz", "tbb", "tbh", "bxns"),
    Class.NOP: ("nop",),
    Class.SYSTEM: ("mrs", "msr", "dmb", "dsb", "isb", "bkpt", "svc", "udf", "cpsid", "cpsie", "wfi", "tt", "sg"),
}
_EXACT = (Class.IT, Class.CALL, Class.BRANCH, Class.NOP, Class.SYSTEM)


def _expected(pair: _Pair) -> Class | None:
    name = pair.mnemonic
    for kind, names in _KINDS.items():
        if name in names or (kind is Class.IT and name.startswith("it")):
            return kind
        if kind is Class.BRANCH and len(name) == 3 and name[0] == "b" and name not in ("bic", "bfi", "bfc"):
            return kind
        if kind not in _EXACT and name.startswith(names):
            return kind
    return Class.FLOAT if name.startswith("v") else None


def test_classes_are_those_of_the_mnemonics(pairs: list[_Pair]) -> None:
    wrong = []
    for pair in pairs:
        expected = _expected(pair)
        double = pair.theirs.mnemonic.startswith(("vldr", "vstr")) and pair.theirs.op_str.startswith("d")
        pc = "pc" in pair.theirs.op_str.split(",")[0] and pair.mnemonic in ("mov", "add")
        right = (expected,) if expected else (Class.ALU, Class.SHIFTED)
        if double:
            right = (Class.LOAD_MULTIPLE, Class.STORE_MULTIPLE)
        if pc:
            right = (Class.BRANCH,)
        if pair.kind not in right:
            wrong.append(f"{pair.theirs.mnemonic} {pair.theirs.op_str}: {pair.kind}")
    assert sorted(set(wrong)) == []
