"""What Proofboard knows of a board: `boards/<name>/board.toml` as frozen dataclasses. docs/boards.md has every key."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from .measurement import Source
from .toml_table import TomlTable

_ADDRESS_SPACE = 1 << 32
_MOST_WAIT_STATES = 100
_MOST_CACHE_LINES = 4096
_CACHE_LINE_BYTES = (4, 1024)


class MemoryKind(StrEnum):
    """Flash is programmed by the probe and keeps its contents; RAM is written freely."""

    FLASH = "flash"
    RAM = "ram"


class ProbeKind(StrEnum):
    """`gdbstub`: a simulator's GDB stub. `pyocd`: any probe that pyOCD knows."""

    GDBSTUB = "gdbstub"
    PYOCD = "pyocd"


class CostUnit(StrEnum):
    """What the counter's ticks are turned into. QEMU has no cycles."""

    INSTRUCTIONS = "instructions"
    CYCLES = "cycles"


@dataclass(frozen=True)
class MemoryRegion:
    """`size` bytes from `start`. For flash: `erase_block` and `program_page` in bytes, `erased` as a byte value.

    `wait_states`: cycles of the core that an access waits; for flash, one that the cache does not hold.
    """

    name: str
    kind: MemoryKind
    start: int
    size: int
    erase_block: int = 0
    program_page: int = 0
    erased: int = 0xFF
    wait_states: int = 0

    @property
    def end(self) -> int:
        """The first address behind the region."""
        return self.start + self.size

    def contains(self, address: int, length: int = 1) -> bool:
        """Whether all `length` bytes from `address` lie in the region."""
        return self.start <= address and address + length <= self.end


@dataclass(frozen=True)
class ForbiddenRange:
    """`size` bytes from `start` that nothing is ever linked into or written to."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """The first address behind the range."""
        return self.start + self.size

    def overlaps(self, start: int, end: int) -> bool:
        """Whether it has a byte in `start`..`end` - 1."""
        return start < self.end and self.start < end


@dataclass(frozen=True)
class CacheSpec:
    """A direct-mapped cache before the flash, of `lines` lines of `line_bytes` bytes, both powers of two.

    A line that is not there costs the flash's wait states, and `fill_cycles` until all of it is.
    """

    lines: int
    line_bytes: int
    fill_cycles: int = 0


@dataclass(frozen=True)
class ProbeSpec:
    """How the board is debugged. `uid`, `target` and `pack` are pyOCD's; empty: pyOCD's own choice, no pack."""

    kind: ProbeKind
    uid: str = ""
    target: str = ""
    pack: Path | None = None


@dataclass(frozen=True)
class LinkSpec:
    """`lanes` serial ports side by side, each a byte stream of whole frames, at `baud` bit/s.

    A simulator makes its own ports. Of a real board, `url` is a pySerial port or URL and `usb_serial` the serial
    number of the USB adapter; at most one is given.
    """

    baud: int
    lanes: int = 1
    url: str = ""
    usb_serial: str = ""


@dataclass(frozen=True)
class QemuSpec:
    """A QEMU machine. With `icount_shift` N, each instruction takes 2**N ns of simulated time."""

    machine: str
    icount_shift: int
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class VirtualSpec:
    """A virtual RA6E1. `modelled`: its counter counts modelled cycles; else, faster, an instruction is a cycle."""

    modelled: bool


SimulatorSpec = QemuSpec | VirtualSpec


@dataclass(frozen=True)
class TimingSpec:
    """How cost is counted: `counter` runs at `counter_hz`, the core at `clock_hz`; see `to_units`."""

    clock_hz: int
    counter: str
    counter_hz: int
    unit: CostUnit
    source: Source
    units_per_tick: Fraction

    def to_units(self, ticks: int) -> int:
        """Ticks of the counter as `unit`, rounded to the nearest; the error of one reading is under a tick."""
        return round(ticks * self.units_per_tick)


@dataclass(frozen=True)
class LimitsSpec:
    """Seconds of wall time: from reset to the first answer, and for the answer to one clip."""

    boot_seconds: float
    clip_seconds: float


@dataclass(frozen=True)
class BoardSpec:
    """All that Proofboard has to know of a board. `folder` holds the file, `image_folder` the sources of its image."""

    name: str
    title: str
    mcu: str
    features: tuple[str, ...]
    memory: tuple[MemoryRegion, ...]
    probe: ProbeSpec
    link: LinkSpec
    timing: TimingSpec
    limits: LimitsSpec
    simulator: SimulatorSpec | None
    folder: Path
    cache: CacheSpec | None = None
    forbidden: tuple[ForbiddenRange, ...] = ()
    image_of: str = ""

    @property
    def image_folder(self) -> Path:
        """The board whose image this one runs, byte for byte: itself, or the neighbour that `image_of` names."""
        return self.folder.parent / self.image_of if self.image_of else self.folder

    @property
    def pyocd_target(self) -> str:
        """The target name for pyOCD's `-t`; pyOCD wants lower case without dashes."""
        return self.probe.target or self.name.lower().replace("-", "_")

    def region_of(self, address: int) -> MemoryRegion | None:
        """The region that holds `address`."""
        return next((region for region in self.memory if region.contains(address)), None)

    def forbidden_range(self, start: int, end: int) -> ForbiddenRange | None:
        """The forbidden range that has a byte in `start`..`end` - 1."""
        return next((range_ for range_ in self.forbidden if range_.overlaps(start, end)), None)

    def total(self, kind: MemoryKind) -> int:
        """Bytes of that kind of memory."""
        return sum(region.size for region in self.memory if region.kind is kind)


def read_board(path: Path) -> BoardSpec:
    """Read one `board.toml`. Any wrong, missing or unknown key is a ConfigurationFault that names it."""
    root = TomlTable.load(path)
    board = root.table("board")
    simulator = _read_simulator(root.table("simulator")) if root.has("simulator") else None
    spec = BoardSpec(
        name=board.text("name"),
        title=board.text("title"),
        mcu=board.text("mcu"),
        features=board.texts("features", ()),
        memory=_read_memory(root),
        probe=_read_probe(root.table("probe"), path.parent),
        link=_read_link(root.table("link"), simulated=simulator is not None),
        timing=_read_timing(root.table("timing"), simulator),
        limits=_read_limits(root.table("limits")),
        simulator=simulator,
        folder=path.parent,
        cache=_read_cache(root.table("cache")) if root.has("cache") else None,
        forbidden=_read_forbidden(root),
        image_of=board.text("image_of", ""),
    )
    board.finish()
    root.finish()
    for region in spec.memory:
        range_ = spec.forbidden_range(region.start, region.end)
        if range_ is not None:
            raise root.fault(f"memory.{region.name}", f"has bytes in forbidden.{range_.name}")
    if spec.image_of and not (spec.image_folder / path.name).is_file():
        raise board.fault("image_of", f"there is no board {spec.image_of!r} beside {path.parent}")
    if (spec.probe.kind is ProbeKind.GDBSTUB) != (simulator is not None):
        raise root.fault("probe.kind", "a simulator needs the probe kind 'gdbstub', and the other way round")
    return spec


def _read_memory(root: TomlTable) -> tuple[MemoryRegion, ...]:
    regions = sorted(
        (_read_region(name, table) for name, table in root.tables("memory").items()), key=lambda region: region.start
    )
    for before, after in itertools.pairwise(regions):
        if before.end > after.start:
            raise root.fault(f"memory.{after.name}", f"overlaps memory.{before.name} at {after.start:#010x}")
    for kind in MemoryKind:
        if all(region.kind is not kind for region in regions):
            raise root.fault("memory", f"has no region of kind {kind.value!r}")
    return tuple(regions)


def _read_region(name: str, table: TomlTable) -> MemoryRegion:
    kind = MemoryKind(table.choice("kind", [kind.value for kind in MemoryKind]))
    start = table.integer("start", lowest=0, highest=_ADDRESS_SPACE - 1)
    size = table.integer("size", lowest=1, highest=_ADDRESS_SPACE - start)
    wait_states = table.integer("wait_states", 0, lowest=0, highest=_MOST_WAIT_STATES)
    if kind is MemoryKind.RAM:
        table.finish()
        return MemoryRegion(name, kind, start, size, wait_states=wait_states)
    erase_block = table.integer("erase_block", lowest=1, highest=size)
    program_page = table.integer("program_page", erase_block, lowest=1, highest=erase_block)
    erased = table.integer("erased", 0xFF, lowest=0, highest=0xFF)
    table.finish()
    for key, value, unit in (
        ("start", start, erase_block),
        ("size", size, erase_block),
        ("erase_block", erase_block, program_page),
    ):
        if value % unit:
            raise table.fault(key, f"{value:#x} is not a multiple of {unit:#x}")
    return MemoryRegion(name, kind, start, size, erase_block, program_page, erased, wait_states)


def _read_forbidden(root: TomlTable) -> tuple[ForbiddenRange, ...]:
    ranges = []
    for name, table in root.tables("forbidden").items() if root.has("forbidden") else ():
        start = table.integer("start", lowest=0, highest=_ADDRESS_SPACE - 1)
        ranges.append(ForbiddenRange(name, start, table.integer("size", lowest=1, highest=_ADDRESS_SPACE - start)))
        table.finish()
    return tuple(ranges)


def _read_cache(table: TomlTable) -> CacheSpec:
    lowest, highest = _CACHE_LINE_BYTES
    spec = CacheSpec(
        lines=table.integer("lines", lowest=1, highest=_MOST_CACHE_LINES),
        line_bytes=table.integer("line_bytes", lowest=lowest, highest=highest),
        fill_cycles=table.integer("fill_cycles", 0, lowest=0, highest=_MOST_WAIT_STATES),
    )
    table.finish()
    for key, value in (("lines", spec.lines), ("line_bytes", spec.line_bytes)):
        if value & (value - 1):
            raise table.fault(key, f"{value} is not a power of two")
    return spec


def _read_probe(table: TomlTable, folder: Path) -> ProbeSpec:
    kind = ProbeKind(table.choice("kind", [kind.value for kind in ProbeKind]))
    if kind is ProbeKind.GDBSTUB:
        table.finish()
        return ProbeSpec(kind)
    target = table.text("target")
    pack = folder / table.text("pack") if table.has("pack") else None
    spec = ProbeSpec(kind, uid=table.text("uid", ""), target=target, pack=pack)
    table.finish()
    return spec


def _read_link(table: TomlTable, *, simulated: bool) -> LinkSpec:
    table.choice("kind", ["serial"])
    spec = LinkSpec(
        baud=table.integer("baud", lowest=1),
        lanes=table.integer("lanes", 1, lowest=1, highest=16),
        url=table.text("url", ""),
        usb_serial=table.text("usb_serial", ""),
    )
    table.finish()
    if simulated and (spec.url or spec.usb_serial):
        raise table.fault("url, usb_serial", "a simulator opens its own ports: give neither")
    if spec.url and spec.usb_serial:
        raise table.fault("url, usb_serial", "give one of the two")
    if spec.lanes > 1 and not simulated:
        raise table.fault("lanes", f"{spec.lanes} lanes need a simulator: a board's serial port is one lane")
    return spec


def _read_simulator(table: TomlTable) -> SimulatorSpec:
    spec: SimulatorSpec
    if table.choice("kind", ["qemu", "virtual-ra6e1"]) == "qemu":
        spec = QemuSpec(
            machine=table.text("machine"),
            icount_shift=table.integer("icount_shift", lowest=0, highest=10),
            arguments=table.texts("arguments", ()),
        )
    else:
        spec = VirtualSpec(modelled=table.choice("speed", ["fast", "modelled"]) == "modelled")
    table.finish()
    return spec


def _read_timing(table: TomlTable, simulator: SimulatorSpec | None) -> TimingSpec:
    numerator, denominator = table.integers("units_per_tick", 2)
    spec = TimingSpec(
        clock_hz=table.integer("clock_hz", lowest=1),
        counter=table.choice("counter", ["systick", "dwt"]),
        counter_hz=table.integer("counter_hz", lowest=1),
        unit=CostUnit(table.choice("unit", [unit.value for unit in CostUnit])),
        source=Source(table.choice("source", [Source.MODELLED.value, Source.MEASURED.value])),
        units_per_tick=Fraction(numerator, denominator),
    )
    table.finish()
    expected, unit, source = Fraction(spec.clock_hz, spec.counter_hz), CostUnit.CYCLES, Source.MEASURED
    if simulator is not None:
        source = Source.MODELLED
    if isinstance(simulator, QemuSpec):
        # One tick lasts 10⁹/counter_hz ns of simulated time and one instruction 2^shift ns.
        expected = Fraction(10**9, spec.counter_hz << simulator.icount_shift)
    if isinstance(simulator, QemuSpec) or (simulator is not None and not simulator.modelled):
        unit = CostUnit.INSTRUCTIONS
    if spec.units_per_tick != expected:
        raise table.fault(
            "units_per_tick", f"{numerator}/{denominator} contradicts the clocks, which make it {expected}"
        )
    if spec.unit is not unit:
        raise table.fault("unit", f"{spec.unit.value!r} can't be counted here, only {unit.value!r}")
    if spec.source is not source:
        raise table.fault("source", f"{spec.source.value!r} is not what this is: {source.value!r}")
    return spec


def _read_limits(table: TomlTable) -> LimitsSpec:
    spec = LimitsSpec(boot_seconds=table.seconds("boot_seconds"), clip_seconds=table.seconds("clip_seconds"))
    table.finish()
    return spec
