"""The front end in NumPy: what the C must equal to the last bit. `docs/frontend.md` has the bounds of every stage.

The batch of frames is the last, contiguous axis of every array, so that each step is one long loop over int32 in
place, over a chunk of frames that stays in the cache.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import DataFault
from .specification import FEATURE_FRACTION_BITS, LOG_FRACTION_BITS, MAX_SHIFT, FrontendSpec

Int32 = NDArray[np.int32]

_CHUNK_WORDS = 1 << 17  # samples of one chunk: long loops, and all buffers within a usual third-level cache


def run(spec: FrontendSpec, pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """Features of whole clips.

    Args:
        pcm: int16 [clips, samples], any values, at least `spec.skip` and one frame of samples.

    Returns:
        int16 [clips, frames, mel_bands], log2 of the power in each band with 8 fraction bits, `spec.floor` or more.

    Raises:
        DataFault: not int16 [clips, samples], or shorter than a frame.
    """
    if pcm.ndim != 2 or pcm.dtype != np.int16:
        raise DataFault(f"expected int16 [clips, samples], found {pcm.dtype} {list(pcm.shape)}")
    clips, samples = pcm.shape
    frames = spec.frames(samples)
    if frames == 0:
        raise DataFault(f"clips of {samples} samples hold no frame of {spec.frame} after {spec.skip}")
    every_frame = np.lib.stride_tricks.sliding_window_view(pcm[:, spec.skip :], spec.frame, axis=1)[:, :: spec.hop]
    features = np.empty((clips * frames, spec.mel_bands), dtype=np.int16)
    chunk = max(1, min(_CHUNK_WORDS // spec.frame, clips * frames))
    buffers = _Buffers.allocate(spec, chunk)
    for first in range(0, clips * frames, chunk):
        clip, frame = np.divmod(np.arange(first, min(first + chunk, clips * frames)), frames)
        if clip.size < chunk:
            buffers = _Buffers.allocate(spec, clip.size)
        features[first : first + chunk] = _run_chunk(spec, every_frame[clip, frame], buffers)
    return features.reshape(clips, frames, spec.mel_bands)


@dataclass(frozen=True)
class _Buffers:
    """int32 working memory for a batch: `spectrum` [2, N, batch] is (real, imaginary). `weights`: mel weights."""

    samples: Int32
    spectrum: Int32
    sums: Int32
    rotated: Int32
    product: Int32
    weights: NDArray[np.float64]

    @classmethod
    def allocate(cls, spec: FrontendSpec, batch: int) -> _Buffers:
        quarter = spec.points // 4
        return cls(
            samples=np.empty((spec.frame, batch), dtype=np.int32),
            spectrum=np.empty((2, spec.points, batch), dtype=np.int32),
            sums=np.empty((4, 2, quarter, batch), dtype=np.int32),
            rotated=np.empty((quarter, batch), dtype=np.int32),
            product=np.empty((quarter, batch), dtype=np.int32),
            weights=spec.weights().astype(np.float64),
        )


def _run_chunk(spec: FrontendSpec, frames: NDArray[np.int16], buffers: _Buffers) -> NDArray[np.int16]:
    """Features int16 [batch, mel_bands] of frames int16 [batch, frame]."""
    shift = block_shift(frames)
    powers = power(spec, _transform(spec, frames, shift, buffers))
    # Exact: the weighted sums stay under 2**52 and float64 holds every integer to 2**53.
    return _levels(spec, buffers.weights @ powers.astype(np.float64), shift)


def block_shift(frames: NDArray[np.int16]) -> Int32:
    """Left shift 0..14 of each frame, [batch], after which every sample still fits int16."""
    peak = np.maximum(frames.max(axis=1), ~frames.min(axis=1))
    bits = np.frexp(peak.astype(np.float32))[1]
    return np.minimum(15 - bits, MAX_SHIFT).astype(np.int32)


def transform(spec: FrontendSpec, frames: NDArray[np.int16], shift: Int32) -> Int32:
    """Spectra of the N complex points x[2n] + j x[2n+1] of windowed frames int16 [batch, frame].

    Returns:
        int32 [2, N, batch], real and imaginary parts, of the plain transform's scale times
        2**shift * 2/N * window_peak / 2**15; every complex value is under 2**15 in magnitude.
    """
    return _transform(spec, frames, shift, _Buffers.allocate(spec, len(frames)))


def _transform(spec: FrontendSpec, frames: NDArray[np.int16], shift: Int32, buffers: _Buffers) -> Int32:
    _window_and_first_stage(spec, frames, shift, buffers)
    for twiddles in spec.stages():
        _radix4_stage(twiddles.astype(np.int32), buffers)
    return buffers.spectrum


def _window_and_first_stage(spec: FrontendSpec, frames: NDArray[np.int16], shift: Int32, buffers: _Buffers) -> None:
    batch, radix = len(frames), spec.first_radix
    leg_size = spec.frame // radix
    rising = spec.window.astype(np.int32)
    window = np.concatenate([rising, spec.window_peak - rising])[:, None]
    samples = buffers.samples
    np.left_shift(frames.T, shift, out=samples)
    # All legs but the first are negated, as those of the later stages are.
    samples[:leg_size] *= window[:leg_size]
    samples[leg_size:] *= -window[leg_size:]
    samples[:leg_size] += 1 << (13 + radix // 2)  # a half of what the shift below drops
    digits = (4,) * ((len(spec.order).bit_length() - 1) // 2)
    axis = len(digits)
    # [radix, digits of n, real or imaginary, batch] to [radix, real or imaginary, digits in reverse, batch]
    legs = samples.reshape(radix, *digits, 2, batch).transpose(0, axis + 1, *range(axis, 0, -1), axis + 2)
    blocks = np.moveaxis(buffers.spectrum.reshape(2, *digits, radix, batch), axis + 1, 0)
    if radix == 2:
        np.subtract(legs[0], legs[1], out=blocks[0])
        np.add(legs[0], legs[1], out=blocks[1])
    else:
        _butterfly(legs, blocks, buffers.sums)
    buffers.spectrum[...] >>= 13 + radix // 2 + 1


def _radix4_stage(twiddles: Int32, buffers: _Buffers) -> None:
    """One stage in place: blocks of 4 * quarter points, twiddles [quarter, 3, 2]."""
    quarter, batch = len(twiddles), buffers.spectrum.shape[-1]
    legs = buffers.spectrum.reshape(2, -1, 4, quarter, batch)
    by_leg = legs.transpose(2, 0, 1, 3, 4)
    first = by_leg[0]
    first += 1
    first >>= 1
    product, real_out = (part.reshape(-1, quarter, batch) for part in (buffers.product, buffers.rotated))
    for index in range(3):
        cosine, sine = twiddles[:, index, 0, None], twiddles[:, index, 1, None]
        real, imaginary = by_leg[index + 1]
        np.multiply(real, cosine, out=real_out)
        np.multiply(imaginary, sine, out=product)
        real_out += product
        imaginary *= cosine
        real *= sine
        np.subtract(imaginary, real, out=imaginary)
        real[...] = real_out
    others = by_leg[1:]
    others += 1 << 15
    others >>= 16
    _butterfly(by_leg, by_leg, buffers.sums)
    buffers.spectrum[...] >>= 1


def _butterfly(legs: Int32, out: Int32, sums: Int32) -> None:
    """Four-point transforms of [4, 2, ...] whose legs 1 to 3 are negated; `out` may be `legs`."""
    total, difference, odd_total, odd_difference = (part.reshape(legs.shape[1:]) for part in sums)
    np.subtract(legs[0], legs[2], out=total)
    np.add(legs[0], legs[2], out=difference)
    np.add(legs[1], legs[3], out=odd_total)
    np.subtract(legs[1], legs[3], out=odd_difference)
    np.subtract(total, odd_total, out=out[0])
    np.add(total, odd_total, out=out[2])
    np.subtract(difference[0], odd_difference[1], out=out[1][0])
    np.add(difference[1], odd_difference[0], out=out[1][1])
    np.add(difference[0], odd_difference[1], out=out[3][0])
    np.subtract(difference[1], odd_difference[0], out=out[3][1])


def power(spec: FrontendSpec, spectrum: Int32) -> Int32:
    """Power of the bins of the real transform, [N + 1, batch], from `transform`'s result; all under 2**31.

    Only the pairs of bins that `spec.split` is for; 0 stands for the others.
    """
    first, last = spec.first_pair, spec.points - spec.first_pair
    pairs = len(spec.split)
    out = np.zeros((spec.points + 1, spectrum.shape[-1]), dtype=np.int32)
    out[first : first + pairs], out[last : last - pairs : -1] = map(_squared, split(spec, spectrum))
    return out


def split(spec: FrontendSpec, spectrum: Int32) -> tuple[Int32, Int32]:
    """Bins k and N - k of the real transform from `transform`'s result, for the pairs of `spec.split`.

    Sums wrap in between, as the C's do: only the result is known to fit int32.

    Returns:
        Twice int32 [2, pairs, batch], real and imaginary parts of the conjugates, 16 fraction bits.
    """
    first, last = spec.first_pair, spec.points - spec.first_pair
    pairs = len(spec.split)
    low, high = spectrum[:, first : first + pairs], spectrum[:, last : last - pairs : -1]
    across, along = spec.split.astype(np.int32).T[:, :, None]
    odd = np.stack([low[0] - high[0], low[1] + high[1]])
    turned = across * odd
    turned[0] += along * odd[1]
    turned[1] -= along * odd[0]
    upper = (low << 16) - turned
    turned[1] *= -1
    turned += high << 16
    return turned, upper


def _squared(number: Int32) -> Int32:
    """Sum of the squares of both parts, each rounded to a whole number."""
    squares = number.astype(np.int64)
    squares *= squares
    squares += 1 << 31
    squares >>= 32
    return np.asarray(squares[0] + squares[1], dtype=np.int32)


def _levels(spec: FrontendSpec, energy: NDArray[np.float64], shift: Int32) -> NDArray[np.int16]:
    """Features int16 [batch, mel_bands] of the bands' energies [mel_bands, batch]."""
    level = log2(spec, energy) + spec.mel_offset[:, None] - (shift << (LOG_FRACTION_BITS + 1))
    drop = LOG_FRACTION_BITS - FEATURE_FRACTION_BITS
    rounded = (level + (1 << (drop - 1))) >> drop
    return np.where(energy > 0, np.maximum(rounded, spec.floor), spec.floor).astype(np.int16).T


def log2(spec: FrontendSpec, value: NDArray[np.float64]) -> Int32:
    """log2 of positive whole numbers under 2**53 by table, 15 fraction bits; of 0 some negative number.

    A float64 holds what a count of leading zeros would find: exponent, then the bits below the leading one.
    """
    bits = value.view(np.int64)
    exponent = ((bits >> 52) - 1023).astype(np.int32)
    segment = (bits >> 47) & 31
    fraction = ((bits >> 32) & 0x7FFF).astype(np.uint32)
    # Twice the rise stands below the value, in the bits that are dropped: one multiply-accumulate adds both.
    entry = spec.log_table[segment]
    interpolated = (entry + (entry & 0xFFFF) * fraction) >> 16
    return np.asarray((exponent << 15) + interpolated.astype(np.int32))
