"""Another rate on request, on the virtual RA6E1: its SCI takes no setting while enabled, and knows the host's rate."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness import messages
from proofboard_harness.bench import Bench, open_bench
from proofboard_harness.boards import load_board
from proofboard_harness.conversation import Conversation, LinkStatistics
from proofboard_harness.elf import Image
from proofboard_harness.errors import BenchFault, TargetFault
from proofboard_harness.link import Link, open_serial
from proofboard_harness.messages import Baud, Echo, Hello, Kind, Message
from proofboard_harness.spec import BoardSpec, VirtualSpec, VirtualSpeed

SESSION = 5
READS = 200


@pytest.fixture(scope="module")
def spec() -> BoardSpec:
    return dataclasses.replace(load_board("virtual-ra6e1"), simulator=VirtualSpec(VirtualSpeed.FAST))


@pytest.fixture(scope="module")
def image(spec: BoardSpec, tmp_path_factory: pytest.TempPathFactory) -> Image:
    graph = integer_graph(7, 992, (16, 2), name="compressed")
    return Image.load(Built.make(graph, spec, tmp_path_factory.mktemp("builds")).elf)


@pytest.fixture
def bench(spec: BoardSpec, image: Image) -> Iterator[Bench]:
    with open_bench(spec) as bench:
        bench.probe.program(image)
        yield bench


@pytest.fixture
def talk(bench: Bench) -> Iterator[Conversation]:
    link: Link = open_serial(bench.serial_url(), bench.spec.link.baud)
    with contextlib.closing(link):
        talk = Conversation(link, hex, LinkStatistics(), SESSION)
        talk.send(Kind.HELLO_REQUEST, messages.hello_request(SESSION))
        assert isinstance(next_message(talk), Hello)
        yield talk


def next_message(talk: Conversation) -> Message:
    for _ in range(READS):
        found = talk.receive(0.05)
        if found:
            return found[0]
    pytest.fail("no answer")


def asked_for(talk: Conversation, baud: int) -> int:
    talk.send(Kind.BAUD_REQUEST, messages.baud_request(SESSION, baud))
    answer = next_message(talk)
    assert isinstance(answer, Baud)
    return answer.baud


def test_the_line_goes_on(talk: Conversation) -> None:
    """A rate that it can't make changes nothing; its own is set anew, in the order that the SCI demands."""
    for baud, answer in ((9_600, 0), (10_000_000, 0), (1_000_000, 1_000_000)):
        assert asked_for(talk, baud) == answer
        talk.send(Kind.ECHO_REQUEST, messages.echo_request(SESSION, b"still there"))
        echo = next_message(talk)
        assert isinstance(echo, Echo)
        assert echo.data == b"still there"


@pytest.mark.parametrize(("baud", "made"), [(115_200, "115,289"), (3_000_000, "3,002,930")])
def test_the_rate_is_the_one_asked_for(bench: Bench, talk: Conversation, baud: int, made: str) -> None:
    """The board finds that the host's line still has the old one, and says which the registers make."""
    talk.send(Kind.BAUD_REQUEST, messages.baud_request(SESSION, baud))

    def read_on() -> None:
        for _ in range(READS):
            talk.receive(0.05)

    with pytest.raises(BenchFault):
        read_on()
    with pytest.raises(TargetFault, match=f"make {made} bit/s; the host's line has 1,000,000"):
        bench.check_alive()
