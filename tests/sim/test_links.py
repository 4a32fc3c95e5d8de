"""Both ways to a simulated board: memory through the debug stub, and the plain UART."""

from __future__ import annotations

import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness.boards import with_link
from proofboard_harness.elf import Image
from proofboard_harness.link import SerialLink
from proofboard_harness.oracle import is_exact
from proofboard_harness.spec import BoardSpec, LinkKind
from proofboard_harness.stream import flashed_target
from proofboard_harness.transport.rtt import RttLink
from proofboard_host.frontend.adversarial import adversarial_clips

pytestmark = pytest.mark.simulator


@pytest.fixture(scope="module")
def built(board_spec: BoardSpec, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built.make(integer_graph(7, 992, (32, 20, 2), name="compressed"), board_spec, tmp_path_factory.mktemp("b"))


@pytest.mark.parametrize(("kind", "link", "clips"), [(LinkKind.RTT, RttLink, 12), (LinkKind.SERIAL, SerialLink, 3)])
def test_every_answer_over_either_link(
    board_spec: BoardSpec, built: Built, kind: LinkKind, link: type, clips: int
) -> None:
    pcm = adversarial_clips(clips, 16000, seed=31)
    expected = built.network.reference(pcm)
    with flashed_target(with_link(board_spec, kind), Image.load(built.elf), built.identity) as (_, target):
        assert isinstance(target.link, link)
        for row, result in enumerate(target.stream(pcm)):
            assert is_exact(expected, row, result)
        assert target.statistics.pcm_bytes == pcm.nbytes
        assert target.statistics.retransmits == 0


def test_the_image_is_reached_by_either_link_in_turn(board_spec: BoardSpec, built: Built) -> None:
    """A target answers on the link from which it was greeted last."""
    pcm = adversarial_clips(1, 16000, seed=32)
    with flashed_target(with_link(board_spec, LinkKind.SERIAL), Image.load(built.elf), built.identity) as (
        bench,
        target,
    ):
        over_serial = target.infer(pcm[0])
        target.link = RttLink.of_image(bench.probe, Image.load(built.elf))
        target.greet(built.identity)
        over_memory = target.infer(pcm[0])
        assert (over_serial.words, over_serial.layer_crcs) == (over_memory.words, over_memory.layer_crcs)
