"""The search in small: candidates become integer graphs, interruption changes nothing, the rule decides."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from proofboard_host.errors import ConfigurationFault, ModelFault
from proofboard_host.frontend.specification import build_specification
from proofboard_host.graph import reference
from proofboard_host.search.candidate import Candidate, candidate_from_json
from proofboard_host.search.costs import Budgets, Costs, unmet_budget
from proofboard_host.search.inputs import Inputs, every_frame, inputs_from_json, strongest_bands
from proofboard_host.search.operating_point import matching_shift, shift_logit
from proofboard_host.search.points import Figures, Point, constraints_of, contenders, pareto_front, point_from_json
from proofboard_host.search.rule import AccuracyRule, Judge
from proofboard_host.search.space import Levers
from proofboard_host.search.store import Compressed, load_compressed, save_compressed
from proofboard_host.search.structure import factorise
from proofboard_host.search.study import STORAGE, Plan, search
from proofboard_host.search.workbench import Outcome, Workbench
from search_example import BANDS, CANDIDATE, CLIPS, FRAMES, ROOMY, make_bench, make_material
from torch import nn

RULE = AccuracyRule(0.01, 0.1)
FIGURES = Figures(0.9, 0.8, 0.0, -0.005, 0.0, -0.05, 1, 1, 1.0, 0.02, 0.02, 0.0)


@pytest.fixture(scope="module")
def bench() -> Workbench:
    return make_bench()


@pytest.fixture(scope="module")
def outcome(bench: Workbench) -> Outcome:
    return bench.make(CANDIDATE, seed=1)


def test_a_candidate_becomes_the_graph_it_describes(outcome: Outcome) -> None:
    places = CANDIDATE.places(16)
    assert outcome.inputs.shape == (16, 1, 16)
    assert outcome.graph.macs == places * 2 * 16 * 4 + 4 * 4 + 4 * 2
    assert [getattr(operator, "bits", None) for operator in outcome.graph.operators] == [None, 4, None, 8, 8]


def test_it_calls_as_many_clips_positive_as_the_baseline(bench: Workbench, outcome: Outcome) -> None:
    assert abs(int(np.count_nonzero(outcome.predicted)) - bench.positives) <= 2


def test_it_learns(outcome: Outcome) -> None:
    assert (outcome.predicted == make_material(1).labels).mean() > 0.85


def test_the_same_seed_gives_the_same_bits(bench: Workbench, outcome: Outcome) -> None:
    again = bench.make(CANDIDATE, seed=1)
    assert again.graph.digest == outcome.graph.digest
    np.testing.assert_array_equal(again.logits, outcome.logits)
    assert bench.make(CANDIDATE, seed=2).graph.digest != outcome.graph.digest


@pytest.mark.parametrize(
    "change",
    [
        {"rounding": "aware", "bits": 2, "head_bits": 4},
        {"rounding": "aware", "kernel": 0, "stride": 1, "rank": 2, "hidden": 8},
        {"rank": 2},
        {"kernel": 0, "stride": 1, "hidden": 0, "grown": 4},
        {"kernel": 3, "stride": 1, "frame_step": 3, "hidden": 8},
        {"gather": "places", "grown": 4, "hidden": 8},
        {"gather": "places", "grown": 4, "rounding": "aware", "rank": 2},
    ],
    ids=str,
)
def test_every_shape_runs_in_integers(bench: Workbench, change: dict[str, object]) -> None:
    made = bench.make(dataclasses.replace(CANDIDATE, **change), seed=1)  # type: ignore[arg-type]
    features = make_material(2).features
    logits = reference.run(made.graph, made.inputs.of(features).reshape(CLIPS, -1)).logits
    assert (logits.argmax(axis=1) == make_material(2).labels).mean() > 0.7


def test_held_out_clips_do_not_reach_their_fold(bench: Workbench, outcome: Outcome) -> None:
    """Features of fold 0 are replaced by noise: what fold 0's network learnt stays the same to the last bit."""
    material, rng = bench.material, np.random.default_rng(9)
    held = material.fold == 0
    features = material.features.copy()
    features[held] = rng.integers(1000, 5000, features[held].shape)
    pool = bench.pool.features.copy()
    touched = held[bench.pool.row]
    pool[touched] = rng.integers(1000, 5000, pool[touched].shape)
    assert bench.transfer is not None
    transfer = bench.transfer.features.copy()
    transfer[held[bench.transfer.row]] = rng.integers(1000, 5000, transfer[held[bench.transfer.row]].shape)
    other = dataclasses.replace(
        bench,
        material=dataclasses.replace(material, features=features),
        pool=dataclasses.replace(bench.pool, features=pool),
        transfer=dataclasses.replace(bench.transfer, features=transfer),
    )
    before, _ = bench._fit_side(CANDIDATE, 0, 1)
    after, _ = other._fit_side(CANDIDATE, 0, 1)
    assert before.digest == after.digest


def test_training_that_diverges_is_one_clear_error(bench: Workbench) -> None:
    wild = dataclasses.replace(bench.efforts, first=dataclasses.replace(bench.efforts.first, rate=1e38))
    with pytest.raises(ModelFault, match=r"training: the loss is (nan|inf)"):
        dataclasses.replace(bench, efforts=wild).make(CANDIDATE, seed=1)


def test_low_rank_is_the_best_approximation() -> None:
    layer = nn.Linear(12, 6)
    first, second = factorise(layer, 3)
    with torch.no_grad():
        error = torch.linalg.norm(second.weight @ first.weight - layer.weight)
        values = torch.linalg.svdvals(layer.weight)
    assert error == pytest.approx(float(torch.sqrt((values[3:] ** 2).sum())), rel=1e-4)


# Inputs ---------------------------------------------------------------------------------------------------------


def test_inputs_are_what_the_front_end_still_computes() -> None:
    from proofboard_host.application import load_application
    from proofboard_host.frontend import reference as frontend

    whole = build_specification(load_application("scream"))
    inputs = Inputs(every_frame(3, FRAMES), (0, 3, 4, 20))
    pcm = np.random.default_rng(1).integers(-8000, 8000, (3, 16000)).astype(np.int16)
    np.testing.assert_array_equal(frontend.run(inputs.specification(whole), pcm), inputs.of(frontend.run(whole, pcm)))
    assert inputs_from_json(inputs.to_json()) == inputs


@pytest.mark.parametrize(("step", "frames"), list(itertools.product(range(1, 6), (1, 7, 31))))
def test_frames_are_evenly_spaced_and_in_range(step: int, frames: int) -> None:
    chosen = every_frame(step, frames)
    assert len(chosen) == 1 + (frames - 1) // step
    assert chosen[0] >= 0
    assert chosen[-1] < frames
    assert chosen.step == step


def test_the_bands_that_carry_the_signal_are_kept(bench: Workbench) -> None:
    chosen = strongest_bands(bench.teachers[-1], bench.material.features, 12)
    assert len(chosen) == 12
    assert len(set(chosen) & set(range(18, 26))) >= 6
    assert strongest_bands(bench.teachers[-1], bench.material.features, 99) == tuple(range(BANDS))


# Operating point ------------------------------------------------------------------------------------------------


def test_the_shift_moves_just_that_many_over(outcome: Outcome) -> None:
    for wanted in (5, 20, 60):
        real = outcome.logits * outcome.scales[:, None]
        shift = matching_shift(real, 1, wanted)
        real[:, 1] += shift
        assert abs(int(np.count_nonzero(real.argmax(axis=1))) - wanted) <= 2


def test_the_shift_is_in_the_graph(outcome: Outcome) -> None:
    features = outcome.inputs.of(make_material(3).features).reshape(CLIPS, -1)
    before = reference.run(outcome.graph, features).logits
    step = outcome.graph.output.scale
    after = reference.run(shift_logit(outcome.graph, 1, 100 * step), features).logits
    inside = after[:, 1] < 32767
    assert np.abs(after[inside, 1] - before[inside, 1] - 100).max() <= 1
    np.testing.assert_array_equal(after[:, 0], before[:, 0])


# The rule -------------------------------------------------------------------------------------------------------


def test_an_equal_network_is_kept_and_a_worse_one_is_not() -> None:
    rng = np.random.default_rng(4)
    labels = (np.arange(2000) % 10 == 0).astype(np.int64)
    baseline = np.stack([-(labels - 0.5), labels - 0.5], axis=1) + rng.normal(0, 0.05, (2000, 2))
    judge = Judge(labels, baseline, [str(row // 10) for row in range(2000)], 1)
    same = judge.judge(baseline, seed=1)
    assert same.kept(RULE)
    assert same.difference.mcnemar_p == 1.0
    worse = baseline.copy()
    worse[:60] = worse[:60, ::-1]
    assert not judge.judge(worse, seed=1).kept(RULE)
    deaf = baseline.copy()
    deaf[np.flatnonzero(labels)[:60]] = (1, 0)
    found = judge.judge(deaf, seed=1)
    assert found.recall == pytest.approx(0.7)
    assert not found.kept(AccuracyRule(0.1, 0.1))
    assert found.kept(AccuracyRule(0.1, 0.4))


# Points ---------------------------------------------------------------------------------------------------------


def point(number: int, rom: int, cycles: int, lower: float) -> Point:
    figures = dataclasses.replace(FIGURES, lower=lower)
    return Point(number, f"candidate {number}", CANDIDATE, 10, 20, Costs(rom, 1000, cycles, cycles / 1e6), figures)


def test_the_front_holds_what_no_other_beats() -> None:
    points = [point(1, 10, 50, -0.01), point(2, 20, 10, -0.01), point(3, 20, 20, -0.02), point(4, 30, 60, 0.0)]
    assert [p.number for p in pareto_front(points)] == [1, 2, 4]


def test_the_smallest_that_keeps_accuracy_and_budget_comes_first() -> None:
    points = [point(1, 10, 1, -0.02), point(2, 20, 9, -0.002), point(3, 30, 5, -0.002), point(4, 30, 1, 0.0)]
    assert [p.number for p in contenders(points, RULE, ROOMY)] == [2, 4, 3]
    assert [p.number for p in contenders(points, RULE, Budgets(40, 1000, 6e-6))] == [4, 3]
    unconfirmed = dataclasses.replace(points[2], confirmation=dataclasses.replace(FIGURES, lower=-0.02))
    assert [p.number for p in contenders([unconfirmed], RULE, ROOMY)] == []


def test_of_images_of_about_the_same_size_the_most_accurate_comes_first() -> None:
    points = [point(1, 1000, 1, -0.009), point(2, 1030, 1, -0.004), point(3, 1070, 1, 0.0)]
    assert [p.number for p in contenders(points, RULE, ROOMY)] == [2, 1, 3]
    points += [point(4, 1071, 1, -0.008), point(5, 1100, 1, -0.001)]
    assert [p.number for p in contenders(points, RULE, ROOMY)] == [2, 1, 3, 5, 4]


def test_constraints_are_kept_at_zero() -> None:
    good = constraints_of(point(1, 10, 1, -0.002), RULE, ROOMY)
    assert max(good.values()) < 0
    assert constraints_of(point(1, 10, 1, -0.02), RULE, ROOMY)["accuracy"] > 0
    assert constraints_of(Point(1, "", CANDIDATE, failure="x"), RULE, ROOMY)["rom"] == 1


def test_points_and_candidates_survive_json() -> None:
    kept = dataclasses.replace(point(7, 10, 1, -0.1), confirmation=FIGURES)
    assert point_from_json(kept.to_json()) == kept
    assert candidate_from_json(CANDIDATE.to_json()) == CANDIDATE
    with pytest.raises(ModelFault, match="is no candidate"):
        candidate_from_json({"bands": 3})
    with pytest.raises(ModelFault, match="bits 3 is out of range"):
        candidate_from_json(CANDIDATE.to_json() | {"bits": 3})


def test_a_budget_that_is_not_met_says_which_and_by_how_much() -> None:
    fault = unmet_budget(Budgets(8000, 1 << 20, 1.0), Costs(9500, 1000, 10, 0.01), "the nearest", where="scream")
    assert isinstance(fault, ConfigurationFault)
    assert "flash: 9,500 bytes needed, 8,000 allowed, 1,500 too many" in str(fault)
    assert "RAM" not in str(fault)
    assert "the nearest is: the nearest" in str(fault)


def test_levers_take_away() -> None:
    nothing = Levers(*([False] * 7))
    plain = nothing.applied(dataclasses.replace(CANDIDATE, rank=2), BANDS)
    assert plain == Candidate(1, BANDS, 0, 1, 4, 4, 4, 0, 8, 8, "nearest", 0.0)
    assert Levers().applied(CANDIDATE, BANDS) == CANDIDATE


# Files ----------------------------------------------------------------------------------------------------------


def test_what_is_kept_of_a_candidate(outcome: Outcome, tmp_path: Path) -> None:
    made = Compressed(outcome.graph, outcome.inputs, outcome.logits, outcome.scales)
    save_compressed(made, tmp_path, "candidate-001")
    back = load_compressed(tmp_path, "candidate-001")
    assert back.graph.digest == outcome.graph.digest
    assert back.inputs == outcome.inputs
    np.testing.assert_array_equal(back.logits, outcome.logits)
    shifted = Compressed(shift_logit(outcome.graph, 1, 0.5), outcome.inputs, outcome.logits, outcome.scales)
    save_compressed(shifted, tmp_path, "candidate-002")
    (tmp_path / "candidate-002.graph.npz").replace(tmp_path / "candidate-001.graph.npz")
    with pytest.raises(ModelFault, match="belongs to another graph"):
        load_compressed(tmp_path, "candidate-001")
    with pytest.raises(ModelFault, match="is not a compressed network"):
        load_compressed(tmp_path, "candidate-003")


# The study ------------------------------------------------------------------------------------------------------


def pretend(number: int, candidate: Candidate) -> Point:
    """Figures that follow from the candidate alone."""
    weights = candidate.channels * candidate.bands * candidate.bits
    lower = -0.02 + 0.001 * candidate.channels - 0.001 * candidate.frame_step
    return dataclasses.replace(
        point(number, 9000 + weights, 100_000 // candidate.frame_step, lower), candidate=candidate
    )


def run_search(
    folder: Path, trials: int, evaluate: Callable[[int, Candidate], Point] = pretend, seen: list[Point] | None = None
) -> list[Point]:
    return search(
        Plan(trials, BANDS, Levers(), seed=3),
        folder,
        evaluate,
        lambda found: constraints_of(found, RULE, ROOMY),
        watch=(lambda _: None) if seen is None else seen.append,
        out_of_time=lambda: False,
    )


class Killed(BaseException):
    """What ends a process in the middle of a candidate."""


def test_an_interrupted_search_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "torn").mkdir()
    whole = run_search(tmp_path / "whole", 14)
    for last in (3, 9, 12):  # among the given ones, the random ones, the proposed ones

        def dies(number: int, candidate: Candidate, last: int = last) -> Point:
            if number >= last:
                raise Killed
            return pretend(number, candidate)

        with pytest.raises(Killed):
            run_search(tmp_path / "torn", 14, dies)
    seen: list[Point] = []
    assert run_search(tmp_path / "torn", 14, seen=seen) == whole
    assert len(seen) == 14


def test_a_storage_that_is_none_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / STORAGE).write_bytes(b"not a database, but long enough to look like a file" * 40)
    with pytest.raises(ModelFault, match="is not the storage of a search"):
        run_search(tmp_path, 2)


def test_time_can_be_out(tmp_path: Path) -> None:
    calls = iter([False, False, True])
    found = search(
        Plan(10, BANDS, Levers(), seed=3),
        tmp_path,
        pretend,
        lambda found: {},
        watch=lambda _: None,
        out_of_time=lambda: next(calls),
    )
    assert len(found) == 2
