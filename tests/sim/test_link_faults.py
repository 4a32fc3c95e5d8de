"""Nothing is lost, doubled or changed by what happens to link, target, simulator and harness; on the simulator."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness.benchmarks.link_faults import FaultCase, prove, read_answers, report
from proofboard_harness.benchmarks.link_faults_worker import Order, save_order
from proofboard_harness.errors import BenchFault
from proofboard_harness.spec import BoardSpec, LinkKind
from proofboard_harness.transport.inject import FaultPlan
from proofboard_host.frontend.adversarial import adversarial_clips

pytestmark = pytest.mark.simulator

CLIPS = 30


@pytest.fixture(scope="module")
def order(board_spec: BoardSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = Built.make(integer_graph(7, 992, (32, 20, 2), name="compressed"), board_spec, tmp_path_factory.mktemp("b"))
    folder = tmp_path_factory.mktemp("order")
    network = built.network
    pcm = adversarial_clips(CLIPS, 16000, seed=11)
    ids = [f"clip{row:02}" for row in range(CLIPS)]
    names, classes = list(network.layer_names), list(network.graph.classes)
    save_order(
        folder,
        Order(board_spec.name, board_spec.link.kind.value, str(built.elf), network.model_hash, classes, names, ids),
        pcm,
        network.reference(pcm),
    )
    return folder


@pytest.mark.slow
def test_kills_resets_and_losses_together_change_no_answer(order: Path, tmp_path: Path) -> None:
    hard = FaultCase("all at once", FaultPlan(loss=1e-3, flip=1e-5, pull=1e-4, seed=4), kills=3, resets=3)
    clean, faulty = prove(order, CLIPS, tmp_path, [FaultCase("clean"), hard], lambda what: None)
    assert (clean.clips, clean.kills, clean.retransmits, clean.inexact) == (CLIPS, 0, 0, 0)
    assert (faulty.clips, faulty.differing, faulty.inexact) == (CLIPS, 0, 0)
    assert faulty.kills == 3
    assert faulty.retransmits > 0
    assert faulty.bad_frames > 0
    answers = read_answers(tmp_path / "case1")
    assert len({row[:2] for row in answers}) == len(answers) == CLIPS
    assert report({LinkKind.SERIAL: [clean, faulty]}, "").missed == ()
    worse = dataclasses.replace(faulty, differing=1)
    assert report({LinkKind.SERIAL: [clean, worse]}, "").missed == ("all at once (serial)",)


def test_a_worker_that_ends_by_itself_is_told(order: Path, tmp_path: Path) -> None:
    broken = tmp_path / "order"
    broken.mkdir()
    for file in order.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    text = (broken / "order.json").read_text(encoding="utf-8")
    (broken / "order.json").write_text(text.replace('"model_hash": "', '"model_hash": "00'), encoding="utf-8")
    with pytest.raises(BenchFault, match="the target runs build"):
        prove(broken, CLIPS, tmp_path / "work", [FaultCase("clean")], lambda what: None)
