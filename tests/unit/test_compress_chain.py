"""Chains in integers: close to float at every width, convolutions included; second-order rounding never worse."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from proofboard_host.compress.integer import Quantisation, quantise_chain
from proofboard_host.compress.layers import Chain, ConvLayer, DenseLayer, MaxPoolLayer
from proofboard_host.compress.second_order import curvature, round_rows
from proofboard_host.compress.weights import CODES, nearest, row_scales
from proofboard_host.errors import ModelFault
from proofboard_host.graph import reference

FRAMES, BANDS = 12, 8


def make_chain(seed: int, *, relu: bool = True) -> Chain:
    """Convolution over time, pool, two fully connected layers; level-free first layer, as training makes it."""
    rng = np.random.default_rng(seed)
    first = rng.normal(0, 0.2, (6, 3, 1, BANDS))
    first -= first.mean(axis=(1, 2, 3), keepdims=True)
    return Chain(
        (FRAMES, 1, BANDS),
        (
            ConvLayer(first, rng.normal(0, 0.1, 6), (3, 1), relu),
            MaxPoolLayer((4, 1)),
            DenseLayer(rng.normal(0, 0.6, (5, 6)), rng.normal(0, 0.1, 5), True),
            DenseLayer(rng.normal(0, 0.6, (2, 5)), rng.normal(0, 0.1, 2), False),
        ),
    )


def make_features(seed: int, clips: int = 300) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = rng.uniform(8, 16, (clips, 1, 1))
    return np.asarray((level + rng.normal(0, 2, (clips, FRAMES, BANDS))) * 256, np.int16)


@pytest.mark.parametrize("rounding", ["nearest", "second_order"])
@pytest.mark.parametrize(("bits", "share"), [(8, 0.08), (4, 0.4)])
@pytest.mark.parametrize("relu", [True, False])
def test_integers_follow_float(bits: int, share: float, rounding: str, relu: bool) -> None:
    chain = make_chain(3, relu=relu)
    plan = Quantisation((bits,) * 3, rounding)  # type: ignore[arg-type]
    graph = quantise_chain(chain, make_features(1), plan, name="compressed", classes=("a", "b"))
    fresh = make_features(2)
    expected = chain.outputs(fresh)[-1]
    logits = reference.run(graph, fresh.reshape(len(fresh), -1)).logits * graph.output.scale
    assert np.sqrt(np.square(logits - expected).mean()) < share * expected.std()
    assert graph.macs == 6 * 3 * BANDS * 4 + 6 * 5 + 5 * 2


@pytest.mark.parametrize("bits", [4, 2])
def test_second_order_rounding_loses_less_on_its_inputs(bits: int) -> None:
    losses = np.array([losses_of(seed, bits) for seed in range(60)])
    assert np.median(losses[:, 0] / losses[:, 1]) < 0.8
    assert (losses[:, 0] < losses[:, 1]).mean() > 0.8  # it is greedy: on some inputs it loses more


def losses_of(seed: int, bits: int) -> tuple[float, float]:
    """Squared error of the outputs with second-order rounding, and with every weight to its nearest code."""
    rng = np.random.default_rng(seed)
    read = rng.normal(0, 1, (400, 10)) @ rng.normal(0, 1, (10, 10)) + rng.normal(0, 2, 10)
    weights = rng.normal(0, 1, (4, 10))
    scale = row_scales(weights, bits)
    codes, bias = round_rows(weights, scale, curvature(read), *CODES[bits])
    plain = nearest(weights, scale, bits)
    low, high = CODES[bits]
    assert codes.min() >= low
    assert codes.max() <= high

    def loss(chosen: np.ndarray, shift: np.ndarray) -> float:
        error = read @ (weights - chosen * scale[:, None]).T - shift
        return float(np.square(error).sum())

    corrected = (weights - plain * scale[:, None]) @ read.mean(axis=0)
    return loss(codes, bias), loss(plain, corrected)


def test_second_order_rounding_gains_where_inputs_are_alike() -> None:
    rng = np.random.default_rng(5)
    common = rng.normal(0, 3, (500, 1))
    read = common + rng.normal(0, 0.3, (500, 16))
    weights = rng.normal(0, 1, (8, 16))
    scale = row_scales(weights, 4)
    codes, bias = round_rows(weights, scale, curvature(read), *CODES[4])
    plain = nearest(weights, scale, 4)
    corrected = (weights - plain * scale[:, None]) @ read.mean(axis=0)
    second = np.square(read @ (weights - codes * scale[:, None]).T - bias).sum()
    first = np.square(read @ (weights - plain * scale[:, None]).T - corrected).sum()
    assert second < 0.5 * first


def test_a_weight_that_is_no_number_is_refused() -> None:
    chain = make_chain(1)
    first = chain.layers[0]
    assert isinstance(first, ConvLayer)
    broken = first.weights.copy()
    broken[0, 0, 0, 0] = np.nan
    with pytest.raises(ModelFault, match="layer 1: a weight is not finite"):
        dataclasses.replace(chain, layers=(dataclasses.replace(first, weights=broken), *chain.layers[1:]))


def test_no_calibration_is_refused() -> None:
    with pytest.raises(ModelFault, match="no clip to calibrate on"):
        quantise_chain(
            make_chain(1), make_features(1)[:0], Quantisation((8,) * 3), name="compressed", classes=("a", "b")
        )
