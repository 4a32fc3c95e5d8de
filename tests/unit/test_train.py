"""Training end to end on a small synthetic data set, and each of its parts by its own rule."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from proofboard_host.application import Application, load_application
from proofboard_host.data.clips import Clip, Dataset
from proofboard_host.errors import DataFault, ModelFault
from proofboard_host.graph import reference
from proofboard_host.progress import silent
from proofboard_host.train.augment import Augmentation, Treatment
from proofboard_host.train.checkpoint import load_checkpoint, save_checkpoint
from proofboard_host.train.crossval import POSITIVE_SHARE, SYNTHETIC_POSITIVE, draw_weights
from proofboard_host.train.material import (
    MOST_COPIES,
    SYNTHETIC,
    SYNTHETIC_SHARE,
    Material,
    assign_folds,
    build_material,
    copies_of,
)
from proofboard_host.train.network import FloatLayer, FloatNetwork, fold_normalisation, macs, widths_of, without_level
from proofboard_host.train.pipeline import RESULT, TrainedApplication, train_application, training_key
from proofboard_host.train.trainer import TrainingSet, deterministic, train


def small(application: Application) -> Application:
    section = dataclasses.replace(application.train, folds=2, epochs=1, augmentations=1)
    return dataclasses.replace(application, train=section)


def make_dataset(clips: int = 48, fingerprint: str = "f") -> Dataset:
    """Half noisy high tones, half low ones, each group of four; six clips more on the field side."""
    rng = np.random.default_rng(1)
    time = np.arange(16000) / 16000
    pcm = np.empty((clips + 6, 16000), np.int16)
    entries = []
    for index in range(clips + 6):
        loud = index % 2
        tone = np.sin(2 * np.pi * (rng.uniform(900, 1300) if loud else rng.uniform(150, 300)) * time)
        pcm[index] = 8000 * tone + 300 * rng.standard_normal(16000)
        split = "train" if index < clips else "field"
        label = "scream" if loud else "other"
        kind = "cry" if loud else "speech"
        entries.append(
            Clip(f"{index}@0", label, split, f"{label}{index // 8}", "p", "1", "x", 0, "CC0", "0" * 64, kind)  # type: ignore[arg-type]
        )
    return Dataset("synthetic", ("other", "scream"), tuple(entries), pcm, fingerprint)


@pytest.fixture(scope="module")
def application() -> Application:
    return small(load_application("scream"))


@pytest.fixture(scope="module")
def trained(application: Application, tmp_path_factory: pytest.TempPathFactory) -> TrainedApplication:
    return train_application(application, make_dataset(), cache=tmp_path_factory.mktemp("cache"), progress=silent)


def test_macs_are_the_articles() -> None:
    widths = widths_of(load_application("scream"))
    assert macs(widths) == 129_576
    assert abs(macs(widths) / 129_680 - 1) < 0.01


def test_folding_the_normalisation_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    layer = FloatLayer(rng.normal(0, 1, (5, 9)).astype(np.float32), rng.normal(0, 1, 5).astype(np.float32))
    mean, deviation = rng.normal(0, 2, 9).astype(np.float32), rng.uniform(1, 4, 9).astype(np.float32)
    raw = rng.normal(12, 4, (20, 9)).astype(np.float32)
    folded = fold_normalisation(layer, mean, deviation)
    expected = ((without_level(raw) - mean) / deviation) @ layer.weights.T + layer.bias
    np.testing.assert_allclose(raw @ folded.weights.T + folded.bias, expected, atol=1e-4)


def test_a_trained_network_does_not_hear_the_level(trained: TrainedApplication) -> None:
    quiet = np.random.default_rng(5).integers(1000, 4000, (8, 31, 32)).astype(np.int16)
    louder = (quiet + 900).astype(np.int16)
    np.testing.assert_allclose(trained.baseline.forward(louder), trained.baseline.forward(quiet), atol=2e-3)


def test_training_learns_and_repeats_to_the_last_bit(application: Application) -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 300)
    features = rng.normal(3000, 300, (300, 31, 32))
    features[labels == 1, :, 10:14] += 500
    data = TrainingSet(features.astype(np.int16), labels, np.ones(300), 20)
    with deterministic():
        first = train(data, widths_of(application), application.train, seed=4)
        again = train(data, widths_of(application), application.train, seed=4)
        other = train(data, widths_of(application), application.train, seed=5)
    assert (first.forward(data.features).argmax(axis=1) == labels).mean() > 0.95
    for left, right in zip(first.layers, again.layers, strict=True):
        np.testing.assert_array_equal(left.weights, right.weights)
        np.testing.assert_array_equal(left.bias, right.bias)
    assert not np.array_equal(first.layers[0].weights, other.layers[0].weights)


def test_deterministic_gives_back_what_was_set() -> None:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with deterministic():
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


def test_folds_never_tear_a_group_and_hold_every_class() -> None:
    rng = np.random.default_rng(6)
    member = rng.integers(0, 40, 600)
    labels = (member % 5 == 0).astype(np.int64)
    folds = assign_folds(labels, [f"g{m}" for m in member], 5, seed=1)
    assert set(folds.tolist()) == set(range(5))
    for group in range(40):
        assert len(np.unique(folds[member == group])) <= 1
    for fold in range(5):
        assert set(labels[folds == fold].tolist()) == {0, 1}
    np.testing.assert_array_equal(folds, assign_folds(labels, [f"g{m}" for m in member], 5, seed=1))


def test_too_few_groups_is_a_data_fault() -> None:
    with pytest.raises(DataFault, match="class 1 comes from 1 groups, too few for 2 folds"):
        assign_folds(np.array([0, 0, 1, 1]), ["a", "b", "c", "c"], 2, seed=1)


def test_rare_classes_get_more_copies_up_to_a_limit() -> None:
    labels = np.array([0] * 100 + [1] * 40 + [2] * 2)
    assert copies_of(labels, 3).tolist() == [3, 6, 3 * MOST_COPIES]


def test_material_keeps_what_is_made_of_a_clip_in_its_fold(application: Application) -> None:
    dataset = make_dataset()
    folds = assign_folds(dataset.labels("train"), dataset.groups("train"), 2, seed=1)
    seen: list[tuple[int, int]] = []

    def watch(done: int, total: int, detail: str = "") -> None:
        seen.append((done, total))

    material = build_material(application, dataset, folds, plan=Augmentation(), progress=watch)
    assert seen[-1] == (len(material.labels), len(material.labels))
    assert material.clips == 48
    np.testing.assert_array_equal(material.clip[:48], np.arange(48))
    real = material.clip != SYNTHETIC
    np.testing.assert_array_equal(material.fold[real], folds[material.clip[real]])
    np.testing.assert_array_equal(material.labels[real], dataset.labels("train")[material.clip[real]])
    for fold in range(2):
        side = material.side(fold)
        assert not set(material.clip[side].tolist()) & set(material.held_out(fold).tolist())
    assert np.count_nonzero(~real) == 2 * round(24 * SYNTHETIC_SHARE / 2)


def test_nothing_of_the_other_fold_sounds_in_a_copy(application: Application) -> None:
    """Silence all clips of one fold: the copies of the other one must not change."""
    dataset = make_dataset()
    folds = assign_folds(dataset.labels("train"), dataset.groups("train"), 2, seed=1)
    muted = dataset.pcm.copy()
    muted[dataset.indices("train")[folds == 1]] = 0
    mute = dataclasses.replace(dataset, pcm=muted)
    plan = Augmentation()
    before = build_material(application, dataset, folds, plan=plan, progress=silent)
    after = build_material(application, mute, folds, plan=plan, progress=silent)
    same = before.fold == 0
    np.testing.assert_array_equal(before.features[same], after.features[same])
    assert not np.array_equal(before.features[before.fold == 1], after.features[after.fold == 1])


def test_draws_share_out_classes_and_temper_groups(application: Application) -> None:
    clip = np.array([0, 1, 2, 3, 4, 5, SYNTHETIC])
    labels = np.array([0, 0, 0, 0, 0, 1, 1])
    groups = np.array([0, 0, 0, 0, 1, 2])
    material = Material(np.zeros((7, 31, 32), np.int16), labels, clip, np.zeros(7, np.int64), 6, groups)
    weights = draw_weights(application, material, np.arange(7))
    assert weights.sum() == pytest.approx(1)
    assert weights[labels == 1].sum() == pytest.approx(POSITIVE_SHARE)
    assert weights[4] == pytest.approx(2 * weights[0])
    assert weights[6] == pytest.approx(POSITIVE_SHARE * SYNTHETIC_POSITIVE)


def test_out_of_fold_answers_come_in_pairs(trained: TrainedApplication) -> None:
    labels = make_dataset().labels("train")
    assert trained.oof_baseline.shape == trained.oof_compressed.shape == (48, 2)
    assert trained.oof_baseline.dtype == np.float32
    assert (trained.oof_scales > 0).all()
    assert (trained.oof_baseline.argmax(axis=1) == labels).mean() > 0.9
    restored = trained.oof_compressed * trained.oof_scales[:, None]
    assert np.abs(restored - trained.oof_baseline).mean() < 0.1 * trained.oof_baseline.std() + 0.02


def test_second_run_reads_what_the_first_one_made(application: Application, trained: TrainedApplication) -> None:
    again = train_application(application, make_dataset(), cache=trained.folder.parent, progress=silent)
    assert again.cached
    assert not trained.cached
    assert again.compressed.digest == trained.compressed.digest
    np.testing.assert_array_equal(again.oof_compressed, trained.oof_compressed)
    np.testing.assert_array_equal(again.folds, trained.folds)
    for left, right in zip(again.baseline.layers, trained.baseline.layers, strict=True):
        np.testing.assert_array_equal(left.weights, right.weights)
    np.testing.assert_array_equal(
        load_checkpoint(trained.folder / "baseline.pt").layers[0].weights, trained.baseline.layers[0].weights
    )


def test_a_damaged_result_is_made_anew(application: Application, trained: TrainedApplication, tmp_path: Path) -> None:
    folder = tmp_path / trained.folder.name
    folder.mkdir()
    for file in trained.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / RESULT).write_bytes((folder / RESULT).read_bytes()[:2000])
    again = train_application(application, make_dataset(), cache=tmp_path, progress=silent)
    assert not again.cached
    assert again.compressed.digest == trained.compressed.digest


def test_the_key_follows_data_and_sections_only(application: Application) -> None:
    key = training_key(application, make_dataset())
    assert key == training_key(dataclasses.replace(application, title="another"), make_dataset())
    assert key != training_key(application, make_dataset(fingerprint="g"))
    longer = dataclasses.replace(application, train=dataclasses.replace(application.train, epochs=2))
    assert key != training_key(longer, make_dataset())


def test_reading_a_result_needs_no_pytorch() -> None:
    code = "import sys, proofboard_host.train.pipeline; print('torch' in sys.modules, 'sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_field_clips_are_never_touched(application: Application, trained: TrainedApplication, tmp_path: Path) -> None:
    dataset = make_dataset()
    pcm = dataset.pcm.copy()
    pcm[dataset.indices("field")] = 0
    mute = dataclasses.replace(dataset, pcm=pcm)
    assert (
        train_application(application, mute, cache=tmp_path, progress=silent).compressed.digest
        == trained.compressed.digest
    )


def test_compressed_graph_runs_in_the_reference(trained: TrainedApplication) -> None:
    features = np.full((2, 31, 32), 3000, np.int16)
    assert reference.run(trained.compressed, features).logits.dtype == np.int16


def some_network() -> FloatNetwork:
    rng = np.random.default_rng(8)

    def layer(outputs: int, inputs: int) -> FloatLayer:
        weights: npt.NDArray[np.float32] = rng.normal(0, 1, (outputs, inputs)).astype(np.float32)
        return FloatLayer(weights, np.zeros(outputs, np.float32))

    return FloatNetwork((layer(3, 4), layer(2, 3)))


def test_checkpoint_comes_back_exactly(tmp_path: Path) -> None:
    network = some_network()
    save_checkpoint(network, tmp_path / "n.pt")
    back = load_checkpoint(tmp_path / "n.pt")
    for left, right in zip(network.layers, back.layers, strict=True):
        np.testing.assert_array_equal(left.weights, right.weights)
    assert [file.name for file in tmp_path.iterdir()] == ["n.pt"]


def test_tampered_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.pt"
    save_checkpoint(some_network(), path)
    state = torch.load(path, weights_only=True)
    state["arrays"]["weights.0"][0, 0] += 1
    torch.save(state, path)
    with pytest.raises(ModelFault, match="do not have the hash"):
        load_checkpoint(path)


class Executes:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("a checkpoint ran code",))


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (None, "can't be read"),
        (b"", "is not a PyTorch checkpoint"),
        (b"not a checkpoint at all", "is not a PyTorch checkpoint"),
        ({"other": 1}, "is not a proofboard-checkpoint-2 file"),
        ({"format": "proofboard-checkpoint-2", "arrays": {}}, "a network without a layer"),
        ({"format": "proofboard-checkpoint-2", "arrays": [1]}, "something else than a network's tensors"),
        ({"format": "proofboard-checkpoint-2", "arrays": {"weights.0": torch.ones(2, 3)}}, "make no network: 'bias.0'"),
        (
            {"format": "proofboard-checkpoint-2", "arrays": {"weights.0": torch.ones(2, 3), "bias.0": torch.ones(3)}},
            r"weights \(2, 3\) and bias \(3,\) make no layer",
        ),
        ({"format": Executes()}, "is not a PyTorch checkpoint"),
    ],
)
def test_foreign_checkpoints_are_refused(
    tmp_path: Path, content: object, seen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "n.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(ModelFault, match=seen):
        load_checkpoint(path)
    assert "ran code" not in capsys.readouterr().out


def test_layers_that_do_not_meet_are_refused() -> None:
    layer = FloatLayer(np.zeros((3, 4), np.float32), np.zeros(3, np.float32))
    with pytest.raises(ModelFault, match="3 outputs meet 4 inputs"):
        FloatNetwork((layer, layer))
    with pytest.raises(ModelFault, match="not float32"):
        FloatLayer(np.zeros((3, 4)), np.zeros(3, np.float32))  # type: ignore[arg-type]


def test_every_treatment_but_unchanged_has_ranges() -> None:
    assert len(Augmentation().voices) == Treatment.UNCHANGED
