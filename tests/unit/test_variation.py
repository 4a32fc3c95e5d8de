"""Augmentation of features against what it promises: each part alone, by its own rule."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_host.train.variation import Variation, vary

STILL = Variation(
    shift=0, warp=0, bands=(0, 0), bands_share=0, reverberant_share=0, tilt=0, colour=(0, 0, 0, 0), level=0
)
FRAMES, BANDS = 31, 32


def chance(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def clips(count: int = 4) -> torch.Tensor:
    """Features of no particular sound, 5 to 20 octaves."""
    return torch.rand(count, FRAMES, BANDS, generator=chance(9)) * 15 + 5


def test_nothing_drawn_changes_nothing() -> None:
    torch.testing.assert_close(vary(clips(), chance(), STILL), clips(), atol=1e-4, rtol=0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 9))
def test_the_same_chance_gives_the_same_bits_and_the_floor_holds(seed: int, count: int) -> None:
    first, again = (vary(clips(count), chance(seed), Variation()) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == (count, FRAMES, BANDS)
    assert torch.isfinite(first).all()
    assert first.min() >= Variation().floor


def test_clips_of_a_batch_are_varied_each_by_itself() -> None:
    same = clips(1).expand(6, -1, -1)
    varied = vary(same, chance(), Variation())
    assert len({tuple(clip.flatten().tolist()) for clip in varied}) == 6


def test_rotation_keeps_every_frame() -> None:
    varied = vary(clips(), chance(), dataclasses.replace(STILL, shift=0.3))
    torch.testing.assert_close(varied.sort(dim=1).values, clips().sort(dim=1).values, atol=1e-4, rtol=0)
    assert not torch.allclose(varied, clips())


@pytest.mark.parametrize("up", [-2, 3])
def test_bands_move_up_and_the_outermost_fills_the_rest(up: int) -> None:
    varied = vary(clips(), chance(), dataclasses.replace(STILL, bands=(up, up), bands_share=1))
    source = [min(max(band - up, 0), BANDS - 1) for band in range(BANDS)]
    torch.testing.assert_close(varied, clips()[:, :, source], atol=1e-4, rtol=0)


def test_a_room_decays_by_its_rt60_and_comes_before_nothing() -> None:
    click = torch.full((1, FRAMES, BANDS), -90.0)
    click[:, 5] = 40
    ranges = dataclasses.replace(STILL, reverberant_share=1, rt60=(12, 12), direct=(3, 3), floor=-100)
    varied = vary(click, chance(), ranges)[0, :, 0]
    octaves_of_60_db = 19.93
    assert float(varied[6] - varied[18]) == pytest.approx(octaves_of_60_db, abs=0.05)
    assert varied[:5].max() < -89
    energy = torch.exp2(varied.double() - 40)
    assert float(energy[6:].sum()) == pytest.approx(10**-0.3, rel=0.02)  # 3 dB below the direct sound


def test_a_colour_is_the_same_in_every_frame() -> None:
    ranges = dataclasses.replace(STILL, tilt=1.5, colour=(0.6, 0.5, 0.4, 0.3), level=2, floor=-100)
    change = vary(clips(), chance(), ranges) - clips()
    torch.testing.assert_close(change, change[:, :1].expand_as(change), atol=1e-4, rtol=0)
    assert change[:, 0].std(dim=1).min() > 0.1
