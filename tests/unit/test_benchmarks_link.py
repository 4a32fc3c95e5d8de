"""What `bench link` makes of its figures, and that it believes no wrong answer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from proofboard_harness.benchmarks import link_published, link_simulator, link_wire
from proofboard_harness.benchmarks.link_faults import FaultClips
from proofboard_harness.benchmarks.link_simulator import SimulatorCase, SimulatorRow
from proofboard_harness.benchmarks.link_subject import LinkSubject, on_this_machine
from proofboard_harness.benchmarks.link_wire import WireCase, WireRow
from proofboard_harness.errors import ConfigurationFault, TargetFault
from proofboard_harness.oracle import Outputs
from proofboard_harness.product import keyword_spotter_image
from proofboard_harness.spec import LinkKind
from proofboard_harness.transport.inject import FaultPlan
from proofboard_host.frontend.adversarial import adversarial_clips


def wire_row(pcm_bytes: int) -> WireRow:
    """Ten seconds at 921,600 baud: 921,600 bytes at most."""
    case = WireCase(921_600, 40, faults=FaultPlan(loss=1e-4), inference_ms=3, must=0.90)
    return WireRow(case, 10.0, pcm_bytes, 900_000, 12, 0, "link")


def test_goodput_is_pcm_of_the_line_rate() -> None:
    row = wire_row(829_440)
    assert (row.line, row.share) == (92_160, 0.90)
    assert row.is_met
    assert not wire_row(829_439).is_met


def test_a_row_tells_what_is_special_and_whether_it_must() -> None:
    met, missed = link_wire.table([wire_row(900_000), wire_row(800_000)]).rows
    assert met[0] == "921,600 baud, raw, byte loss 1e-04, 3 ms a clip in the target"
    assert (met[1], met[2], met[-1]) == ("92.2", "90.0", "≥ 90 % met")
    assert missed[-1] == "≥ 90 % MISSED"


@pytest.mark.parametrize(
    ("seconds", "streaming", "clips", "limited", "met"),
    [
        (299.0, 200.0, 1000, True, True),
        (301.0, 200.0, 1000, True, False),
        (299.0, 220.0, 1000, True, False),
        (900.0, 800.0, 1000, False, True),
    ],
)
def test_bounds_of_a_simulated_board(seconds: float, streaming: float, clips: int, limited: bool, met: bool) -> None:
    case = SimulatorCase(LinkKind.RTT, clips, limited)
    row = SimulatorRow(case, seconds, streaming, 32_000 * clips, 16_000, "compute")
    assert row.is_met is met
    assert row.times_real == pytest.approx(clips / streaming)
    words = link_simulator.table([row]).rows[0][-1]
    assert ("met" in words, "MISSED" in words) == (limited and met, limited and not met)


def test_published_shares_are_those_of_the_log() -> None:
    row = link_published.table().rows[0]
    assert row[1:] == ("14,020", "98.6 %", "2.0", "17 %")


@pytest.mark.slow
def test_a_wire_is_measured_and_a_wrong_answer_is_no_figure() -> None:
    image = keyword_spotter_image()
    pcm = adversarial_clips(4, image.window, seed=6)
    subject = LinkSubject(image, pcm, on_this_machine(image, pcm), ("other",) * 4)
    reference = image.reference(pcm)
    assert np.array_equal(subject.expected.words, reference.words)
    assert [subject.expected.layer_crcs(row) for row in range(4)] == [reference.layer_crcs(row) for row in range(4)]
    row = link_wire.measure(WireCase(921_600, 4), subject)
    assert row.pcm_bytes == pcm.nbytes
    assert (row.retransmits, row.overruns) == (0, 0)
    assert row.pcm_bytes / row.wire_bytes > 0.95
    wrong = Outputs(subject.expected.features, subject.expected.words + 1, *dataclasses.astuple(subject.expected)[2:])
    with pytest.raises(TargetFault, match="recording 0"):
        link_wire.measure(WireCase(921_600, 1), dataclasses.replace(subject, expected=wrong))


def test_clips_of_the_proof_under_faults() -> None:
    clips = FaultClips(1487, 1000, 60)
    assert clips.command == "proofboard bench link-faults --clips 1487 --generated 1000 --uart 60"
    rows = clips.rows_of_uart
    assert (len(set(rows)), rows[0], rows[-1]) == (60, 0, 2486)
    assert sum(row >= 1487 for row in rows) == 24  # generated ones
    assert FaultClips(12, 8, 20).rows_of_uart == list(range(20))
    with pytest.raises(ConfigurationFault, match="21 clips over the UART of 20 in all"):
        FaultClips(12, 8, 21)
