"""How long a silent target is waited for."""

from __future__ import annotations

from pathlib import Path

import pytest
from board_example import METAL
from proofboard_harness import patience as patience_module
from proofboard_harness.bench import Bench
from proofboard_harness.elf import Image
from proofboard_harness.errors import TargetFault
from proofboard_harness.patience import Silence, patience_for
from proofboard_harness.spec import read_board
from proofboard_harness.transport import opening
from proofboard_harness.transport.opening import open_target


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize("limit", [0.5, 2.5, 10, 30, 600])
def test_silence_is_no_end_before_the_boards_limit(limit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(patience_module, "time", clock)
    silence = Silence(patience_for(limit), "an answer")
    began = clock.now

    def listen_in_vain() -> None:
        while clock.now - began < 2 * limit + 10:
            clock.now += 0.05
            silence.is_over()

    with pytest.raises(TargetFault, match=r"no answer|gets no further"):
        listen_in_vain()
    assert limit <= clock.now - began <= limit + 5


class NoLink:
    """A port that nobody opens."""

    def __init__(self, url: str, baud: int) -> None:
        self.url = url

    def close(self) -> None: ...


@pytest.mark.parametrize(("boot", "clip", "seconds"), [("5", "40", 40), ("70", "2.5", 70)])
def test_limits_of_the_board_file_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, boot: str, clip: str, seconds: float
) -> None:
    monkeypatch.setattr(opening, "open_serial", NoLink)
    text = METAL.replace("boot_seconds = 5", f"boot_seconds = {boot}")
    (tmp_path / "board.toml").write_text(text.replace("clip_seconds = 2.5", f"clip_seconds = {clip}"), encoding="utf-8")
    bench = Bench(read_board(tmp_path / "board.toml"), None, ("socket://nowhere",), None)  # type: ignore[arg-type]
    target = open_target(bench, Image(tmp_path / "no.elf", 0, (), (), ()))
    assert target.patience == patience_for(seconds)
