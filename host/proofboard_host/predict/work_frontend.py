"""What the front end has to do for a clip, stage by stage."""

from __future__ import annotations

from ..frontend.specification import FrontendSpec
from .work import Work

FRONTEND = "frontend"
"""The loop over frames, and what is in no stage."""

STAGES = ("shift", "window", "fft", "power", "mel")
"""In the order in which a frame goes through them."""

_SHIFT_STEP = 8  # samples


def frontend_work(specification: FrontendSpec, samples: int) -> tuple[Work, ...]:
    """The loop over the frames of `samples` samples of sound, then `STAGES`, all frames together."""
    frames = specification.frames(samples)
    every_frame = (
        Work(f"{FRONTEND}_{stage}", {part: amount * frames for part, amount in amounts.items()})
        for stage, amounts in stage_amounts(specification).items()
    )
    return (Work(FRONTEND, {"call": 1, "frame": frames}), *every_frame)


def stage_amounts(specification: FrontendSpec) -> dict[str, dict[str, int]]:
    """The amounts of each stage for one frame."""
    points, radix = specification.points, specification.first_radix
    quarters = [len(stage) for stage in specification.stages()]
    bins, empty = specification.mel_length.sum(), (specification.mel_length == 0).sum()
    # The first stage of radix 4 takes all four legs at a time, that of radix 2 both, two real samples to a point.
    return {
        "shift": {"frame": 1, "step": specification.frame // _SHIFT_STEP},
        f"window_radix{radix}": {"frame": 1, "butterfly": points // radix},
        "fft": {
            "frame": 1,
            "stage": len(quarters),
            "block": sum(points // (4 * quarter) for quarter in quarters),
            "butterfly": len(quarters) * points // 4,
        },
        "power": {"frame": 1, "pair": len(specification.split)},
        "mel": {
            "frame": 1,
            "run": len(specification.mel_runs),
            "band": specification.mel_bands,
            "empty segment": int(empty),
            "bin": int(bins),
        },
    }
