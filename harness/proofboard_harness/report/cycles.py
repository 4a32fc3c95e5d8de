"""The page's section on cycles: for each image its layers, its functions and its flame graphs."""

from __future__ import annotations

from dataclasses import dataclass

from ..profile.figures import ImageProfile
from ..profile.rows import CostRow, FunctionRow, cost_rows, function_rows, milliseconds
from .flame import Flame, draw
from .record import RunRecord
from .rows import image_totals

FUNCTIONS_SHOWN = 12


@dataclass(frozen=True)
class ProfileView:
    """One image. `predicted`, `low` and `high` are what the cycles would take at the board's nominal clock."""

    image: str
    clips: int
    clock: str
    predicted: str
    low: str
    high: str
    rows: tuple[CostRow, ...]
    functions: tuple[FunctionRow, ...]
    flames: tuple[Flame, ...]


def profile_views(record: RunRecord) -> list[ProfileView]:
    """Of the images that were profiled."""
    return [_view(image.profile) for _, image in image_totals(record) if image.profile is not None]


def _view(profile: ImageProfile) -> ProfileView:
    network = next((frame.children for frame in profile.frames if frame.part == "network"), ())
    return ProfileView(
        image=profile.image,
        clips=profile.clips,
        clock=f"{profile.clock_hz / 1e6:g} MHz",
        predicted=milliseconds(profile.times.predicted),
        low=milliseconds(profile.times.low),
        high=milliseconds(profile.times.high),
        rows=tuple(cost_rows(profile)),
        functions=tuple(function_rows(profile)[:FUNCTIONS_SHOWN]),
        flames=(draw("Front end and network", profile.frames), draw("Network alone, enlarged", network)),
    )
