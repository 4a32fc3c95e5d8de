"""A board is used by one process at a time, and the second one learns who the first is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from proofboard_harness.errors import BenchFault
from proofboard_harness.lock import board_lock

_HOLD = """
import sys, time
from pathlib import Path
from proofboard_harness.lock import board_lock
with board_lock("probe 1/a", folder=Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_lock_can_be_taken_again_after_release(tmp_path: Path) -> None:
    for _ in range(2):
        with board_lock("b", folder=tmp_path):
            assert any(path.name == "b.holder.json" for path in tmp_path.iterdir())
    assert not (tmp_path / "b.holder.json").exists()


def test_boards_do_not_lock_each_other_out(tmp_path: Path) -> None:
    with board_lock("one", folder=tmp_path), board_lock("two", folder=tmp_path):
        assert (tmp_path / "one.holder.json").exists()
        assert (tmp_path / "two.holder.json").exists()


def test_second_process_is_told_of_the_first_and_gets_the_lock_when_it_dies(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            for _ in range(2):  # trying must not destroy what is known of the holder
                with (
                    pytest.raises(BenchFault, match=f"in use by process {holder.pid} on "),
                    board_lock("probe 1/a", folder=tmp_path),
                ):
                    pass
        finally:
            os.kill(holder.pid, signal.SIGKILL)
            holder.wait()
    with board_lock("probe 1/a", folder=tmp_path):
        assert str(os.getpid()) in (tmp_path / "probe_1_a.holder.json").read_text()


def test_lock_folder_that_can_not_be_made(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(BenchFault, match="can't lock board 'b'"), board_lock("b", folder=blocked / "locks"):
        pass
