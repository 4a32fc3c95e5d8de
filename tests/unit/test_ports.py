"""A port that vanished is found again: by its adapter among the machine's ports, or by a link that moved."""

from __future__ import annotations

import math
import os
import pty
import select
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from played_target import FAST, IDENTITY, FakeTarget, crcs, make_pcm
from proofboard_harness.errors import BenchFault, LastingFault
from proofboard_harness.frames import FrameReader
from proofboard_harness.link import SerialLink
from proofboard_harness.spec import LinkSpec
from proofboard_harness.target import Patience, Target
from proofboard_harness.transport.ports import PortFinder


@dataclass(frozen=True)
class FakePort:
    device: str
    serial_number: str | None = None
    vid: int | None = None
    pid: int | None = None


CH340 = (0x1A86, 0x7523)  # gives no serial number
FTDI = (0x0403, 0x6001)


def finder(*ports: FakePort, **keys: str) -> tuple[PortFinder, list[FakePort]]:
    """A finder, and the machine's ports, to be changed."""
    present = list(ports)
    return PortFinder(LinkSpec(115_200, **keys), "board.toml", lambda: present), present  # type: ignore[arg-type]


def test_by_serial_number_under_any_name() -> None:
    found, present = finder(
        FakePort("/dev/ttyS0"), FakePort("/dev/ttyUSB0", "A1", *FTDI), FakePort("/dev/ttyUSB1", "B2", *FTDI),
        usb_serial="B2",
    )  # fmt: skip
    assert found.find() == "/dev/ttyUSB1"
    present[1:] = [FakePort("/dev/ttyUSB3", "B2", *FTDI), FakePort("/dev/ttyUSB1", "A1", *FTDI)]
    assert found.find() == "/dev/ttyUSB3"


def test_by_vendor_and_product_where_there_is_no_serial_number() -> None:
    found, present = finder(
        FakePort("/dev/ttyUSB0", "A1", *FTDI), FakePort("/dev/ttyUSB1", None, *CH340), usb_id="1A86:7523"
    )
    assert found.find() == "/dev/ttyUSB1"
    present[1] = FakePort("/dev/ttyUSB7", None, *CH340)
    assert found.find() == "/dev/ttyUSB7"
    present.append(FakePort("/dev/ttyUSB8", None, *CH340))
    with pytest.raises(
        BenchFault, match=r"expected one serial port of 1a86:7523, serial number none, found: .*ttyUSB8"
    ):
        found.find()


def test_the_only_port_is_the_same_one_when_another_is_plugged_in_meanwhile() -> None:
    found, present = finder(FakePort("/dev/ttyUSB0", "A1", *FTDI))
    assert found.find() == "/dev/ttyUSB0"
    present[:] = [FakePort("/dev/ttyUSB0", "C3", *FTDI), FakePort("/dev/ttyUSB1", "A1", *FTDI)]
    assert found.find() == "/dev/ttyUSB1"
    present.pop()
    with pytest.raises(BenchFault, match="of 0403:6001, serial number A1, found: /dev/ttyUSB0"):
        found.find()


def test_a_port_by_name_that_comes_back_under_another_one() -> None:
    found, present = finder(FakePort("/dev/ttyUSB0", "A1", *FTDI), url="/dev/ttyUSB0")
    assert found.find() == "/dev/ttyUSB0"
    present[:] = []
    assert found.find() == "/dev/ttyUSB0"  # opening it tells what is wrong
    present[:] = [FakePort("/dev/ttyUSB4", "A1", *FTDI)]
    assert found.find() == "/dev/ttyUSB4"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"usb_serial": "B2"}, "of USB serial number 'B2', found: /dev/ttyUSB0"),
        ({"usb_id": "1a86:7523"}, "of USB id 1a86:7523, found: /dev/ttyUSB0"),
    ],
)
def test_a_port_that_is_not_there(keys: dict[str, str], message: str) -> None:
    found, _ = finder(FakePort("/dev/ttyUSB0", "A1", *FTDI), **keys)
    with pytest.raises(BenchFault, match=message) as caught:
        found.find()
    assert caught.value.where == "board.toml: link"


def test_no_port_on_usb_and_a_url_of_a_socket() -> None:
    with pytest.raises(BenchFault, match="one serial port on USB, found: none"):
        finder(FakePort("/dev/ttyS0"))[0].find()
    found, _ = finder(FakePort("/dev/ttyUSB0", "A1", *FTDI), url="socket://bench:4000")
    assert found.find() == found.find() == "socket://bench:4000"


class Cable:
    """A pseudo-terminal with the target behind it, to which `name` leads; pulled when so many bytes have come."""

    def __init__(self, fake: FakeTarget, name: Path, bytes_until_pulled: float = math.inf) -> None:
        self._fake, self._left = fake, bytes_until_pulled
        self._master, self._slave = pty.openpty()
        self._stop = threading.Event()
        name.unlink(missing_ok=True)
        name.symlink_to(os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        reader = FrameReader()
        while self._left > 0 and not self._stop.is_set():
            if select.select([self._master], [], [], 0.01)[0]:
                data = os.read(self._master, 1024)
                self._left -= len(data)
                for frame in reader.feed(data):
                    self._fake.take(frame)
                os.write(self._master, bytes(self._fake.outbox))
                self._fake.outbox.clear()
        os.close(self._slave)
        os.close(self._master)

    def wait(self) -> None:
        self._thread.join()

    def unplug(self) -> None:
        self._stop.set()
        self._thread.join()


def test_a_cable_that_is_pulled_and_put_back_elsewhere(tmp_path: Path) -> None:
    """The name is a link, as udev's by-id are: it leads elsewhere when the port comes back."""
    fake, name = FakeTarget(), tmp_path / "by-id"
    patience = Patience(first_seconds=0.05, answer_seconds=0.2, repetitions=20, poll_seconds=0.01, reconnect_seconds=20)
    clips = [make_pcm(seed) for seed in range(12)]
    ports, _ = finder(url=str(name))
    cables = [Cable(fake, name, bytes_until_pulled=9000)]
    ends = [name.readlink()]

    def put_back() -> None:
        cables[0].wait()
        placeholder = pty.openpty()  # takes the number of the pair that has gone
        cables.append(Cable(fake, name))
        ends.append(name.readlink())
        for end in placeholder:
            os.close(end)

    hand = threading.Thread(target=put_back)
    hand.start()
    target = Target(
        SerialLink(ports.find(), 115_200), lambda: None, hex, patience,
        reopen=lambda: SerialLink(ports.find(), 115_200),
    )  # fmt: skip
    target.greet(IDENTITY)
    assert [result.pcm_crc for result in target.stream(clips)] == crcs(clips)
    assert target.statistics.reconnects == 1
    hand.join()
    assert ends[0] != ends[1]
    target.close()
    cables[1].unplug()


def test_a_cable_that_stays_away_is_told_after_the_agreed_time(tmp_path: Path) -> None:
    fake, name = FakeTarget(), tmp_path / "by-id"
    Cable(fake, name, bytes_until_pulled=3000)
    target = Target(
        SerialLink(str(name), 115_200), lambda: None, hex, FAST, reopen=lambda: SerialLink(str(name), 115_200)
    )
    target.greet(IDENTITY)
    with pytest.raises(LastingFault, match=r"can't be opened.*, for 0 s"):
        list(target.stream(make_pcm(seed) for seed in range(12)))
