"""The firmware itself on the simulator: PCM in, logits out, every layer equal to the reference; and what it says when
it is not the expected image, crashes, or dies."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from built_example import Built, Flash, differing, greeted, network_of
from graph_example import float_graph, integer_graph
from numpy.typing import NDArray
from proofboard_harness.elf import Image, Segment, sizes
from proofboard_harness.errors import BenchFault, StaleFirmware, TargetFault
from proofboard_harness.events import EventBus
from proofboard_harness.oracle import Outputs, describe_difference, first_difference
from proofboard_harness.results import ResultStore
from proofboard_harness.spec import BoardSpec
from proofboard_harness.stream import StreamClip, StreamJob, flashed_target, stream
from proofboard_host.frontend.adversarial import adversarial_clips
from proofboard_host.graph.graph import Graph
from proofboard_host.graph.operators import Dense

pytestmark = pytest.mark.simulator


@pytest.fixture(scope="module")
def build(board_spec: BoardSpec, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Graph], Built]:
    cache = tmp_path_factory.mktemp("builds")

    return lambda graph: Built.make(graph, board_spec, cache)


@pytest.fixture(scope="module")
def compressed(build: Callable[[Graph], Built]) -> Built:
    return build(integer_graph(7, 992, (32, 20, 2), name="compressed"))


def test_integer_network_is_bit_exact_on_adversarial_clips(flash_board: Flash, compressed: Built) -> None:
    assert differing(greeted(flash_board, compressed), compressed, adversarial_clips(16, 16000, seed=5)) == []


def test_float_network_is_bit_exact_on_adversarial_clips(flash_board: Flash, build: Callable[[Graph], Built]) -> None:
    built = build(float_graph(8, 992, (24, 12, 2)))
    assert differing(greeted(flash_board, built), built, adversarial_clips(8, 16000, seed=6)) == []


@pytest.mark.slow
def test_integer_network_is_bit_exact_on_100_adversarial_clips(flash_board: Flash, compressed: Built) -> None:
    assert differing(greeted(flash_board, compressed), compressed, adversarial_clips(100, 16000, seed=20)) == []


def test_hello_says_who_answers(flash_board: Flash, compressed: Built, board_spec: BoardSpec) -> None:
    hello = flash_board(compressed.elf).target.greet(compressed.identity)
    assert (hello.board, hello.window) == (board_spec.name, 16000)
    assert hello.clock_hz == board_spec.timing.clock_hz


def test_stale_image_in_flash_is_refused_before_the_first_clip(
    flash_board: Flash, compressed: Built, build: Callable[[Graph], Built]
) -> None:
    flashed = flash_board(build(integer_graph(9, 992, (16, 2), name="compressed")).elf)
    with pytest.raises(StaleFirmware, match=compressed.identity.build_id[:12]):
        flashed.target.greet(compressed.identity)
    with pytest.raises(RuntimeError, match="greet"):
        flashed.target.infer(np.zeros(16000, np.int16))


def test_a_difference_is_traced_to_layer_and_element(flash_board: Flash, compressed: Built) -> None:
    """The reference of a network with one other bias: the target differs from it in layer 2, element 3."""
    flashed = greeted(flash_board, compressed)
    graph = compressed.network.graph
    dense = graph.operators[1]
    assert isinstance(dense, Dense)
    pcm = adversarial_clips(8, 16000, seed=7)
    row, other = next(
        (row, other)
        for row in range(len(pcm))
        for shift in (1 << 20, -(1 << 20))
        if (other := shifted_reference(compressed, dense, shift, pcm)).layers[1][row, 3]
        != compressed.network.reference(pcm).layers[1][row, 3]
    )
    result = flashed.target.infer(pcm[row])
    layer = first_difference(compressed.network.layer_names, other, row, result)
    assert layer == 2
    text = describe_difference("layer 2", other.tensors(row)[2], flashed.target.dump(2))
    assert text.startswith("layer 2[3]: expected")
    assert "1 elements differ" in text


def shifted_reference(built: Built, dense: Dense, shift: int, pcm: NDArray[np.int16]) -> Outputs:
    """Element 3 of the first dense layer forced to another value by its clamp."""
    graph = built.network.graph
    bias = dense.bias.copy()
    weights = dense.weights.copy()
    weights[3] = 0
    bias[3] = np.int32(shift)
    changed = dataclasses.replace(dense, weights=weights, bias=bias)
    operators = (graph.operators[0], changed, *graph.operators[2:])
    return network_of(dataclasses.replace(graph, operators=operators)).reference(pcm)


def test_a_crash_is_reported_with_registers_and_place(board_spec: BoardSpec, compressed: Built) -> None:
    """An undefined instruction is put in place of the network's first one."""
    image = Image.load(compressed.elf)
    function = image.symbol("pb_generated_network_run")
    assert function is not None
    broken = dataclasses.replace(image, segments=tuple(patched(s, function.address & ~1) for s in image.segments))
    with (
        pytest.raises(TargetFault, match=r"UNDEFINSTR.*pb_generated_network_run \+ 0"),
        flashed_target(board_spec, broken, compressed.identity) as (_, target),
    ):
        target.infer(np.zeros(16000, np.int16))


def patched(segment: Segment, address: int) -> Segment:
    if not segment.address <= address < segment.end:
        return segment
    offset = address - segment.address
    undefined = b"\x00\xde"  # UDF #0, Thumb
    return dataclasses.replace(segment, data=segment.data[:offset] + undefined + segment.data[offset + 2 :])


def test_a_simulator_that_dies_mid_run_is_named_as_the_cause(
    board_spec: BoardSpec, compressed: Built, tmp_path: Path
) -> None:
    pcm = adversarial_clips(4, 16000, seed=8)
    expected = compressed.network.reference(pcm)
    clips = [StreamClip(f"clip{row}", "field", "class0", f"group{row}", row) for row in range(len(pcm))]
    network = compressed.network
    job = StreamJob("compressed", network.layer_names, network.graph.classes, clips, pcm, expected)
    image = Image.load(compressed.elf)
    with ResultStore(tmp_path / "results.sqlite") as store:

        def stream_and_kill() -> None:
            with flashed_target(board_spec, image, compressed.identity) as (bench, target):
                assert bench.simulator is not None
                pid = bench.simulator.pid
                stream(job, target, board_spec, store, EventBus(), lambda done, *_: kill_after_two(done, pid))

        with pytest.raises(BenchFault, match="died"):
            stream_and_kill()
        # Two were told; the answer of the third may have come already, the fourth had not been sent.
        assert {"clip0", "clip1"} <= store.done("compressed") <= {"clip0", "clip1", "clip2"}
        with flashed_target(board_spec, image, compressed.identity) as (_, target):
            outcome = stream(job, target, board_spec, store, EventBus(), lambda done, total, detail="": None)
        assert outcome.first_mismatch == ""
        counts = store.counts("compressed")
        assert (counts.clips, counts.mismatches) == (4, 0)


def kill_after_two(done: int, pid: int) -> None:
    if done == 2:
        os.kill(pid, signal.SIGKILL)


def test_counts_are_the_same_for_the_same_clip(flash_board: Flash, compressed: Built) -> None:
    """Under icount the simulator counts instructions: nothing on this machine moves them by more than the reading."""
    target = greeted(flash_board, compressed).target
    (clip,) = adversarial_clips(1, 16000, seed=9)
    first, second = target.infer(clip), target.infer(clip)
    assert abs(first.frontend_ticks - second.frontend_ticks) <= 2
    assert abs(first.network_ticks - second.network_ticks) <= 2
    assert first.layer_crcs == second.layer_crcs


def test_flash_and_ram_are_what_was_predicted(
    compressed: Built, build: Callable[[Graph], Built], board_spec: BoardSpec
) -> None:
    for built in (compressed, build(float_graph(8, 992, (24, 12, 2)))):
        linked = sizes(Image.load(built.elf), board_spec)
        assert built.network.predicted_rom == pytest.approx(linked.rom_bytes, rel=0.05)
        assert built.network.predicted_ram == pytest.approx(linked.ram_bytes, rel=0.01)
