"""A real board: the image that was just built, and answers that are the reference's to the last bit.

pytest -m hardware --board NAME

What such a test does to a board can be seen without one: --board virtual-ra6e1 stands in for fpb-ra6e1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from built_example import Built, Flash, differing, greeted
from graph_example import float_graph, integer_graph
from proofboard_harness.elf import Image, sizes
from proofboard_harness.errors import StaleFirmware
from proofboard_harness.spec import BoardSpec
from proofboard_harness.target import Target
from proofboard_host.frontend.adversarial import adversarial_clips
from proofboard_host.graph.graph import Graph

pytestmark = pytest.mark.hardware
FEATURES, WINDOW = 992, 16000


@pytest.fixture(scope="module")
def build(board_spec: BoardSpec, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Graph], Built]:
    cache = tmp_path_factory.mktemp("builds")
    return lambda graph: Built.make(graph, board_spec, cache)


@pytest.fixture(scope="module")
def compressed(build: Callable[[Graph], Built]) -> Built:
    return build(integer_graph(7, FEATURES, (128, 20, 2), name="compressed"))


def test_hello_is_of_the_image_just_built(flash_board: Flash, compressed: Built, board_spec: BoardSpec) -> None:
    hello = flash_board(compressed.elf).target.greet(compressed.identity)
    assert hello.board == board_spec.image_folder.name
    assert hello.window == WINDOW
    assert hello.clock_hz == board_spec.timing.clock_hz


def test_integer_network_is_bit_exact(flash_board: Flash, compressed: Built) -> None:
    assert differing(greeted(flash_board, compressed), compressed, adversarial_clips(20, WINDOW, seed=5)) == []


def test_float_network_is_bit_exact(flash_board: Flash, build: Callable[[Graph], Built]) -> None:
    built = build(float_graph(8, FEATURES, (24, 12, 2)))
    assert differing(greeted(flash_board, built), built, adversarial_clips(10, WINDOW, seed=6)) == []


def test_another_image_is_refused(flash_board: Flash, compressed: Built, build: Callable[[Graph], Built]) -> None:
    stale = build(integer_graph(9, FEATURES, (16, 2), name="compressed"))
    with pytest.raises(StaleFirmware):
        flash_board(stale.elf).target.greet(compressed.identity)


def test_a_reset_begins_anew(flash_board: Flash, compressed: Built) -> None:
    flashed = greeted(flash_board, compressed)
    flashed.bench.probe.reset()
    flashed.target.greet(compressed.identity)
    assert differing(flashed, compressed, adversarial_clips(2, WINDOW, seed=3)) == []


def test_nothing_is_lost_on_the_wire(flash_board: Flash, compressed: Built) -> None:
    """Losses are repaired: only here do they count. Where this fails: a shorter cable, a lower baud.

    The first clip is left out: while the chip was in reset, its pins floated.
    """
    target = greeted(flash_board, compressed).target
    clips = adversarial_clips(11, WINDOW, seed=4)
    target.infer(clips[0])
    before = losses(target)
    assert len(list(target.stream(clips[1:]))) == 10
    assert losses(target) == before


def losses(target: Target) -> tuple[int, ...]:
    link = target.statistics
    return link.retransmits, link.resets, link.reconnects, link.bad_frames_target, link.bad_frames_host


def test_stack_and_counter_are_plausible(flash_board: Flash, compressed: Built, board_spec: BoardSpec) -> None:
    """The stack was used and did not fill; both parts took time; nothing depends on the sound but its data."""
    target = greeted(flash_board, compressed).target
    linked = sizes(Image.load(compressed.elf), board_spec)
    reserved = sum(section.size for section in linked.sections if section.name == ".stack")
    for clip in (np.zeros(WINDOW, np.int16), adversarial_clips(1, WINDOW, seed=9)[0]):
        result = target.infer(clip)
        assert 0 < result.stack_high_water < reserved
        assert result.frontend_ticks > 0
        assert result.network_ticks > 0
