"""What Proofboard knows of a board: `boards/<name>/board.toml` as frozen dataclasses. docs/boards.md has every key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from .measurement import Source
from .memory_spec import CacheSpec as CacheSpec
from .memory_spec import ForbiddenRange, OwnCode, read_cache, read_forbidden, read_memory, read_own_code
from .memory_spec import MemoryKind as MemoryKind
from .memory_spec import MemoryRegion as MemoryRegion
from .toml_table import TomlTable

_USB_ID = re.compile(r"[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}")
_REMOTE_UID = re.compile(r"remote:[^:]+(:\d{1,5})?")
_FASTEST_BAUD = 4_000_000


class LinkKind(StrEnum):
    """`serial`: a serial port. `rtt`: memory, through the probe; a serial port of the board is left alone."""

    SERIAL = "serial"
    RTT = "rtt"


class ProbeKind(StrEnum):
    """`gdbstub`: a simulator's GDB stub. `pyocd`: any probe that pyOCD knows."""

    GDBSTUB = "gdbstub"
    PYOCD = "pyocd"


class CostUnit(StrEnum):
    """What the counter's ticks are turned into. QEMU has no cycles."""

    INSTRUCTIONS = "instructions"
    CYCLES = "cycles"


@dataclass(frozen=True)
class ProbeSpec:
    """How the board is debugged. `uid`, `target` and `pack` are pyOCD's; empty: pyOCD's own choice, no pack."""

    kind: ProbeKind
    uid: str = ""
    target: str = ""
    pack: Path | None = None


@dataclass(frozen=True)
class LinkSpec:
    """`lanes` serial ports side by side, each a byte stream of whole frames, at `baud` bit/s after a reset and at
    `fastest` at most.

    A simulator makes its own ports. Of a real board, `url` is a pySerial port or URL, `usb_serial` the serial number
    of the USB adapter, `usb_id` its `<vendor>:<product>` in hex, for one without a serial number; at most one is given.
    """

    baud: int
    lanes: int = 1
    url: str = ""
    usb_serial: str = ""
    usb_id: str = ""
    kind: LinkKind = LinkKind.SERIAL
    fastest_baud: int = 0

    @property
    def fastest(self) -> int:
        """The highest rate to try, in bit/s."""
        return max(self.baud, self.fastest_baud)


@dataclass(frozen=True)
class QemuSpec:
    """A QEMU machine. With `icount_shift` N, each instruction takes 2**N ns of simulated time."""

    machine: str
    icount_shift: int
    arguments: tuple[str, ...] = ()


class VirtualSpeed(StrEnum):
    """What the counter of a virtual RA6E1 counts: `fast` instructions, `modelled` the cycles of the model, `unwaited`
    those if no memory waits."""

    FAST = "fast"
    MODELLED = "modelled"
    UNWAITED = "unwaited"


@dataclass(frozen=True)
class VirtualSpec:
    """A virtual RA6E1."""

    speed: VirtualSpeed


@dataclass(frozen=True)
class RenodeSpec:
    """A machine of Renode: `platform` is a .repl file beside the board file, `uart` the serial port's name in it.

    `mips`: millions of instructions in a second of simulated time.
    """

    platform: str
    uart: str
    mips: int


SimulatorSpec = QemuSpec | VirtualSpec | RenodeSpec


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
    own_code: OwnCode = field(default_factory=OwnCode)
    image_of: str = ""

    @property
    def image_folder(self) -> Path:
        """The board whose image this one runs, byte for byte: itself, or the neighbour that `image_of` names."""
        return self.folder.parent / self.image_of if self.image_of else self.folder

    def counting_cycles(self, speed: VirtualSpeed) -> BoardSpec:
        """A virtual board at another speed than `fast`."""
        timing = replace(self.timing, unit=CostUnit.CYCLES)
        return replace(self, simulator=VirtualSpec(speed), timing=timing)

    @property
    def brings_target(self) -> bool:
        """Whether pyOCD is told of the board from this file alone, rather than knowing it or having it from a pack."""
        return self.probe.pack is None and (
            self.simulator is not None or any(region.algorithm for region in self.memory)
        )

    @property
    def pyocd_target(self) -> str:
        """The target name for pyOCD's `-t`; pyOCD wants lower case without dashes."""
        return self.name.lower().replace("-", "_") if self.brings_target else self.probe.target

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
        memory=read_memory(root),
        probe=_read_probe(root.table("probe"), path.parent),
        link=_read_link(root.table("link"), simulated=simulator is not None),
        timing=_read_timing(root.table("timing"), simulator),
        limits=_read_limits(root.table("limits")),
        simulator=simulator,
        folder=path.parent,
        cache=read_cache(root.table("cache")) if root.has("cache") else None,
        forbidden=read_forbidden(root),
        own_code=read_own_code(root.table("own_code")) if root.has("own_code") else OwnCode(),
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


def _read_probe(table: TomlTable, folder: Path) -> ProbeSpec:
    kind = ProbeKind(table.choice("kind", [kind.value for kind in ProbeKind]))
    if kind is ProbeKind.GDBSTUB:
        table.finish()
        return ProbeSpec(kind)
    target = table.text("target")
    pack = folder / table.text("pack") if table.has("pack") else None
    spec = ProbeSpec(kind, uid=table.text("uid", ""), target=target, pack=pack)
    table.finish()
    if spec.uid.startswith("remote:") and not _REMOTE_UID.fullmatch(spec.uid):
        raise table.fault("uid", f"{spec.uid!r} is not remote:HOST or remote:HOST:PORT")
    return spec


def _read_link(table: TomlTable, *, simulated: bool) -> LinkSpec:
    kind = LinkKind(table.choice("kind", [kind.value for kind in LinkKind]))
    spec = LinkSpec(
        baud=table.integer("baud", lowest=1),
        lanes=table.integer("lanes", 1, lowest=1, highest=16),
        url=table.text("url", ""),
        usb_serial=table.text("usb_serial", ""),
        usb_id=table.text("usb_id", ""),
        kind=kind,
        fastest_baud=table.integer("fastest_baud", 0, lowest=0, highest=_FASTEST_BAUD),
    )
    table.finish()
    names = [name for name in ("url", "usb_serial", "usb_id") if getattr(spec, name)]
    if simulated and names:
        raise table.fault(names[0], "a simulator opens its own ports: leave it out")
    if len(names) > 1:
        raise table.fault(", ".join(names), "give one of them")
    if spec.usb_id and not _USB_ID.fullmatch(spec.usb_id):
        raise table.fault("usb_id", f"{spec.usb_id!r} is no '<vendor>:<product>' of four hex digits each")
    if 0 < spec.fastest_baud < spec.baud:
        raise table.fault("fastest_baud", f"{spec.fastest_baud} is below baud, {spec.baud}")
    if spec.lanes > 1 and not simulated:
        raise table.fault("lanes", f"{spec.lanes} lanes need a simulator: a board's serial port is one lane")
    return spec


def _read_simulator(table: TomlTable) -> SimulatorSpec:
    spec: SimulatorSpec
    match table.choice("kind", ["qemu", "virtual-ra6e1", "renode"]):
        case "qemu":
            spec = QemuSpec(
                machine=table.text("machine"),
                icount_shift=table.integer("icount_shift", lowest=0, highest=10),
                arguments=table.texts("arguments", ()),
            )
        case "renode":
            spec = RenodeSpec(
                platform=table.text("platform"),
                uart=table.text("uart"),
                mips=table.integer("mips", lowest=1, highest=10_000),
            )
        case _:
            spec = VirtualSpec(VirtualSpeed(table.choice("speed", [speed.value for speed in VirtualSpeed])))
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
    if isinstance(simulator, RenodeSpec):
        expected = Fraction(simulator.mips * 10**6, spec.counter_hz)
    if simulator is not None and not (isinstance(simulator, VirtualSpec) and simulator.speed != VirtualSpeed.FAST):
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
