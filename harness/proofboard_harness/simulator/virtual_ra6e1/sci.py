"""A serial channel (SCI) in UART mode with its 16-byte FIFOs, in virtual time.

Sources: registers and fields, Renesas FSP 6.3.1, R7FA6E10F.h; rates, r_sci_uart.c. That reception stops on an overrun
until ORER has been cleared is the rule of the family. Bytes take as long as the registers say, in both directions, and
8N1 is the only format.

When the receive FIFO asks to be read is taken from what FSP and Zephyr do: for the DTC they leave FCR.RTRG at 0, and
each byte is a request; at another level their interrupt routine writes RDF = 0 when it has emptied the FIFO. So here a
level asks once, and again only after that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .clocks import ClockTree
from .faults import MachineFault
from .pins import Pin, Pins
from .power import ModuleStop
from .registers import Bus, Cell, Register
from .virtual_time import PICOSECONDS, VirtualTime

_SCI = 0x4011_8000
_FIFO = 16
_FRAME_BITS = 10
_TIE, _RIE, _TE, _RE = 1 << 7, 1 << 6, 1 << 5, 1 << 4
_TDFE, _RDF, _ORER, _TEND, _DR = 1 << 7, 1 << 6, 1 << 5, 1 << 2, 1 << 0
_BGDM, _ABCS, _ABCSE, _BRME = 1 << 6, 1 << 4, 1 << 3, 1 << 2
_FM, _RFRST, _TFRST = 1 << 0, 1 << 1, 1 << 2
_BAUD_TOLERANCE = 0.03
_UNSEEN_LOSS = 32


@dataclass(frozen=True)
class Wiring:
    """Which channel the board's serial port is, its pins, their PSEL, the DMAC's event, and the bit/s of the host."""

    channel: int
    transmit: Pin
    receive: Pin
    function: int
    event: int
    baud: int


class Wire:
    """What the host has sent and the line has not delivered yet, and what the target has sent."""

    def __init__(self) -> None:
        self.to_target: deque[int] = deque()
        self.from_target = bytearray()


class Requests(Protocol):
    """The DMAC, as the channel meets it; `dmac.py` says what each does."""

    def request(self, event: int) -> None: ...

    def streams(self, event: int, register: int) -> bool: ...

    def stream(self, event: int, values: bytes) -> None: ...


class Sci:
    """The channel of `wiring`.

    Args:
        requests: told by the event's number when a received byte is to be taken.
        burst: so many received bytes at most go to a DMAC's channel together, when the last of them has come.
    """

    def __init__(
        self,
        bus: Bus,
        wiring: Wiring,
        time: VirtualTime,
        clocks: ClockTree,
        modules: ModuleStop,
        pins: Pins,
        wire: Wire,
        requests: Requests,
        burst: int,
    ) -> None:
        self._wiring, self._time, self._clocks, self._modules = wiring, time, clocks, modules
        self._pins, self._wire, self._requests, self._burst = pins, wire, requests, burst
        self._name = f"SCI{wiring.channel}"
        self._received: deque[int] = deque()
        self._sending: deque[int] = deque()
        self._errors = self._seen_errors = 0
        self._lost = self._lost_unseen = 0
        self._shifting = self._arriving = False
        self._asked = False
        self._control = Cell(0, 0xFC)
        self._fifo = Cell(0xF800)
        base = _SCI + 0x100 * wiring.channel
        self._data_register = base + 0x10
        self._mode = self._cell(bus, "SMR", base, 1, 0)
        self._rate = self._cell(bus, "BRR", base + 1, 1, 0xFF)
        self._cell(bus, "SCMR", base + 6, 1, 0xF2)
        self._extended = self._cell(bus, "SEMR", base + 7, 1, 0)
        self._modulation = self._cell(bus, "MDDR", base + 0x12, 1, 0xFF, self._demand_no_modulation)
        self._add(bus, "SCR", base + 2, 1, self._control.read, self._write_control)
        self._add(bus, "SSR", base + 4, 1, self._read_status, self._write_status)
        self._add(bus, "FTDRHL", base + 0x0E, 2, None, self._write_data)
        self._add(bus, "FRDRHL", base + 0x10, 2, self._read_data, None)
        self._add(bus, "FCR", base + 0x14, 2, self._fifo.read, self._write_fifo)
        self._add(bus, "FDR", base + 0x16, 2, self._read_counts, None)

    def _add(
        self, bus: Bus, name: str, address: int, width: int, read: Callable[[], int] | None,
        write: Callable[[int], None] | None,
    ) -> None:  # fmt: skip
        """A register that can be used while the module runs only."""
        module, bit = self._name, 31 - self._wiring.channel

        def guarded_read() -> int:
            self._modules.demand(module, "B", bit)
            assert read is not None
            return read()

        def guarded_write(value: int) -> None:
            self._modules.demand(module, "B", bit)
            assert write is not None
            write(value)

        bus.add(Register(f"{module}.{name}", address, width, read and guarded_read, write and guarded_write))

    def _cell(
        self, bus: Bus, name: str, address: int, width: int, reset: int, demand: Callable[[], None] = lambda: None
    ) -> Cell:
        """A setting, which may be written while neither direction is enabled, and `demand` does not object."""
        cell = Cell(reset)

        def write(value: int) -> None:
            if self._control.value & (_TE | _RE):
                raise MachineFault(f"{self._name}.{name} was written while SCR.TE or SCR.RE is 1")
            demand()
            cell.write(value)

        self._add(bus, name, address, width, cell.read, write)
        return cell

    def _demand_no_modulation(self) -> None:
        """FSP, r_sci_uart_baud_set: BRR, SMR, MDDR, and SEMR last."""
        if self._extended.value & _BRME:
            raise MachineFault(f"{self._name}.MDDR was written while SEMR.BRME is 1: it modulates the rate already")

    @property
    def baud(self) -> float:
        """Bit/s as the registers have it: PCLKA / (D x (BRR + 1)) x MDDR / 256."""
        extended = self._extended.value
        divider = 6 if extended & _ABCSE else 32 >> bool(extended & _BGDM) >> bool(extended & _ABCS)
        divider <<= 2 * (self._mode.value & 3)
        share = self._modulation.value / 256 if extended & _BRME else 1.0
        return self._clocks.frequencies.pclka / (divider * (self._rate.value + 1)) * share

    @property
    def busy(self) -> bool:
        """Whether a byte is on the line or waits for it."""
        return bool(self._sending or self._arriving)

    def deliver(self) -> None:
        """The host may have sent something: the line begins to carry it."""
        if self._wire.to_target and not self._arriving and self._control.value & _RE:
            self._arriving = True
            count = min(len(self._wire.to_target), self._burst) if self._streams() else 1
            self._time.after(count * self._byte_time(), lambda: self._arrive(count))

    def _streams(self) -> bool:
        """Whether a DMAC's channel takes each byte at once, so that the FIFO never fills."""
        idle = not self._received and not self._errors and not self._level and self._control.value & _RIE
        return bool(idle) and self._requests.streams(self._wiring.event, self._data_register)

    def _byte_time(self) -> int:
        return round(_FRAME_BITS * PICOSECONDS / self.baud)

    def _arrive(self, count: int) -> None:
        self._arriving = False
        if not self._control.value & _RE:
            return
        received = [self._wire.to_target.popleft() for _ in range(min(count, len(self._wire.to_target)))]
        if self._streams():
            self._requests.stream(self._wiring.event, bytes(received))
        else:
            for byte in received:
                self._take(byte)
        self.deliver()

    def _take(self, byte: int) -> None:
        if len(self._received) == _FIFO or self._errors & _ORER:
            self._lose()
            return
        self._received.append(byte)
        if self._control.value & _RIE and self._asks():
            self._requests.request(self._wiring.event)

    def _asks(self) -> bool:
        if not self._level:
            return True
        before, self._asked = self._asked, self._asked or len(self._received) >= self._level
        return self._asked and not before

    def _lose(self) -> None:
        self._errors |= _ORER
        self._lost += 1
        self._lost_unseen += 1
        if self._lost_unseen >= _UNSEEN_LOSS:
            raise MachineFault(
                f"{self._name}.SSR.ORER: the receive FIFO overran, {self._lost} bytes were lost, "
                "and the program does not look at ORER",
                hint="receive by DMAC, or more often; and on ORER read SSR, then write 0 to the flag",
            )

    @property
    def _level(self) -> int:
        """FCR.RTRG."""
        return self._fifo.value >> 8 & 15

    def _read_data(self) -> int:
        if not self._received:
            return 0
        flags = self._errors & _ORER and 1 << 13
        value = self._received.popleft()
        more = bool(self._received)
        return value | flags | more << 14

    def _write_data(self, value: int) -> None:
        if not self._control.value & _TE:
            raise MachineFault(f"{self._name}.FTDRHL was written while SCR.TE is 0: the byte is lost")
        if len(self._sending) == _FIFO:
            raise MachineFault(f"{self._name}.FTDRHL was written while the transmit FIFO is full: the byte is lost")
        self._sending.append(value & 0xFF)
        if not self._shifting:
            self._shifting = True
            self._time.after(self._byte_time(), self._sent)

    def _sent(self) -> None:
        self._wire.from_target.append(self._sending.popleft())
        self._shifting = bool(self._sending)
        if self._shifting:
            self._time.after(self._byte_time(), self._sent)

    def _read_status(self) -> int:
        self._seen_errors = self._errors
        self._lost_unseen = 0
        waiting = len(self._received)
        full_enough = waiting >= max(1, self._level)
        status = _RDF if full_enough else (_DR if waiting else 0)
        room = len(self._sending) <= (self._fifo.value >> 4 & 15)
        return status | self._errors | (_TDFE if room else 0) | (0 if self._sending else _TEND)

    def _write_status(self, value: int) -> None:
        """A flag that was read as 1 is cleared by writing 0."""
        self._errors &= value | ~self._seen_errors
        if not value & _RDF and len(self._received) < self._level:
            self._asked = False

    def _read_counts(self) -> int:
        return len(self._sending) << 8 | len(self._received)

    def _write_fifo(self, value: int) -> None:
        if value & _RFRST:
            self._received.clear()
        if value & _TFRST:
            self._sending.clear()
        self._fifo.write(value & ~(_RFRST | _TFRST))

    def _write_control(self, value: int) -> None:
        before = self._control.value
        self._control.write(value)
        started = self._control.value & ~before
        if not started & (_TE | _RE):
            return
        if not self._fifo.value & _FM:
            raise MachineFault(f"{self._name} was enabled without its FIFO (FCR.FM is 0): that mode is not modelled")
        if self._mode.value & ~3:
            raise MachineFault(f"{self._name}.SMR is {self._mode.value:#04x}: only 8 data bits, no parity, 1 stop bit")
        self._check_baud()
        if started & _TE:
            self._check_pin(self._wiring.transmit, "TXD")
        if started & _RE:
            self._check_pin(self._wiring.receive, "RXD")
            self.deliver()

    def _check_baud(self) -> None:
        wanted, made = self._wiring.baud, self.baud
        if abs(made / wanted - 1) > _BAUD_TOLERANCE:
            raise MachineFault(
                f"{self._name}.BRR, MDDR, SEMR and SMR make {made:,.0f} bit/s; the host's line has {wanted:,}",
                hint="[link] baud of the board file and the firmware must agree",
            )

    def _check_pin(self, pin: Pin, signal: str) -> None:
        function = self._pins.function(pin)
        if function != self._wiring.function:
            state = "no peripheral's" if function is None else f"PSEL {function}'s"
            raise MachineFault(
                f"{self._name} was enabled while {pin} is {state} pin, not {signal}{self._wiring.channel}: "
                f"{pin}PFS needs PSEL {self._wiring.function} and PMR 1"
            )
