"""The process: the machine, its GDB stub and its serial port, led by whoever connects."""

from __future__ import annotations

import json
import select
import sys
import time

from .cpu import Stop
from .faults import STOPPED_LINE, MachineFault, PowerLoss
from .gdb_server import GdbServer
from .machine import Machine, Settings
from .serial_port import SerialPort, listen

_LOOK_SECONDS = 0.001
_IDLE_SECONDS = 0.001
_RESET_COMMAND = "system_reset"


class Process:
    """Runs until the machine stops for good. The ports are open once it is made."""

    def __init__(self, settings: Settings) -> None:
        self._machine = Machine(settings, self._look)
        self._serial = SerialPort(self._machine.wire)
        self._gdb_server = listen()
        self.gdb_port: int = self._gdb_server.getsockname()[1]
        self._gdb: GdbServer | None = None
        self._running = False
        self._looked = 0.0

    def announce(self) -> None:
        """Tell the ports on the standard output: one line of JSON."""
        ports = {"gdb": self.gdb_port, "serial": [self._serial.port]}
        sys.stdout.write(json.dumps(ports) + "\n")
        sys.stdout.flush()

    def serve(self) -> None:
        """Serve clients. Raises MachineFault when the machine has stopped.

        Its cause is on the standard error, behind a line `stopped`, before a connection is closed: whoever sees one
        broken finds it there.
        """
        try:
            while True:
                try:
                    self._serve_once()
                except PowerLoss:
                    self._lose_power()
        except MachineFault as fault:
            print(STOPPED_LINE, fault.seen, fault.where, fault.hint, sep="\n", file=sys.stderr, flush=True)
            if self._gdb is not None:
                self._gdb.report_end()
                self._gdb.close()
            self._serial.close()
            raise

    def _serve_once(self) -> None:
        if self._running:
            stop = self._machine.run()
            self._running = False
            if self._gdb is not None and self._gdb.running:
                self._gdb.report(stop)
            return
        self._wait(None)
        self._take_client()
        self._serial.move()
        if self._gdb is None:
            return
        self._gdb.receive()
        if self._gdb.stepping:
            self._machine.step()
            self._gdb.report(Stop.BREAKPOINT)
        self._running = self._gdb.running
        if not self._gdb.open:
            self._gdb = None

    def _wait(self, seconds: float | None) -> None:
        clients = [self._gdb_server] if self._gdb is None else [self._gdb]
        select.select([*clients, *self._serial.sources()], [], [], seconds)

    def _take_client(self) -> None:
        if self._gdb is None:
            try:
                connection, _ = self._gdb_server.accept()
            except BlockingIOError:
                return
            self._gdb = GdbServer(connection, self._machine, self._monitor)

    def _look(self, idle: bool) -> None:
        """Called in the midst of a run. A debugger that comes stops the machine."""
        if idle:
            self._serial.move()
            self._wait(_IDLE_SECONDS)
        now = time.monotonic()
        if not idle and now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        self._serial.move()
        if self._gdb is None:
            self._take_client()
            if self._gdb is not None:
                self._machine.stop()
        elif self._gdb.receive():
            self._machine.stop()
        elif not self._gdb.open:
            self._gdb = None

    def _lose_power(self) -> None:
        """Whoever is connected loses the chip; it stands until a debugger comes."""
        if self._gdb is not None:
            self._gdb.close()
            self._gdb = None
        self._machine.wire.to_target.clear()
        self._running = False

    def _monitor(self, command: str) -> str | None:
        word, _, argument = command.partition(" ")
        plan = self._machine.plan
        if command == _RESET_COMMAND:
            self._machine.reset()
            return ""
        if command == "flash_operations":
            return str(plan.operations)
        if command == "instructions":
            return str(self._machine.instructions)
        if command == "processor_seconds":
            return f"{time.process_time():.6f}"
        if command == "milliseconds":
            return str(self._machine.milliseconds)
        if command == "resets":
            return str(self._machine.resets)
        if command == "hoco_never_stable":
            plan.hoco_starts = False
            return ""
        armed = {
            "power_cut": plan.arm_power_cut,
            "program_error": plan.arm_program_error,
            "brown_out": self._machine.brown_out,
        }
        if word not in armed or not argument.isdecimal():
            return None
        armed[word](int(argument))
        return ""
