"""The journal: nothing acknowledged is lost, nothing counts twice, and every trouble has a name."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_harness.errors import BenchFault, TargetFault
from proofboard_harness.results import ClipResult, Counts, ResultStore

RESULT = ClipResult(
    image="compressed",
    clip_id="field-1",
    split="field",
    label="scream",
    group="wesnoth/wolf",
    host_logits=(-5, 2**31 - 1),
    target_logits=(-5, 2**31 - 1),
    host_class="scream",
    target_class="scream",
    bit_exact=True,
    layer_crcs=(0xFFFFFFFF, 0),
    frontend_cost=1_900_000,
    network_cost=150_000,
    stack_high_water=1416,
    attempt=1,
    received_at=1785579300.25,
)


def test_a_result_comes_back_as_it_went_in(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "results.sqlite") as store:
        assert store.add(RESULT)
    with ResultStore(tmp_path / "results.sqlite") as store:
        assert list(store.results("compressed")) == [RESULT]
        assert list(store.results("baseline")) == []
        assert store.done("compressed") == {"field-1"}
        assert store.done("baseline") == set()


words = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=4).map(tuple)


@settings(max_examples=20, deadline=None)  # each example syncs to the disk
@given(logits=words, crcs=st.lists(st.integers(0, 2**32 - 1), max_size=4).map(tuple), clip_id=st.text())
def test_any_word_survives(
    tmp_path_factory: pytest.TempPathFactory, logits: tuple[int, ...], crcs: tuple[int, ...], clip_id: str
) -> None:
    result = dataclasses.replace(
        RESULT, host_logits=logits, target_logits=logits, layer_crcs=crcs, clip_id=clip_id.replace("\0", "")
    )
    # SQLite stores text as UTF-8, so a lone surrogate is refused before it gets this far.
    with ResultStore(tmp_path_factory.mktemp("journal") / "results.sqlite") as store:
        store.add(result)
        assert list(store.results("compressed")) == [result]


def test_the_order_is_that_of_arrival(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "results.sqlite") as store:
        for clip_id in ("b", "c", "a"):
            store.add(dataclasses.replace(RESULT, clip_id=clip_id))
        assert [result.clip_id for result in store.results("compressed")] == ["b", "c", "a"]


def test_a_clip_sent_again_counts_once(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "results.sqlite") as store:
        assert store.add(RESULT)
        assert not store.add(dataclasses.replace(RESULT, attempt=2, received_at=1.0, network_cost=150_001))
        assert store.add(dataclasses.replace(RESULT, image="baseline"))
        assert store.counts("compressed") == Counts(1, 1, 0)
        assert next(store.results("compressed")).attempt == 1


def test_another_answer_to_the_same_clip_is_a_fault(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "results.sqlite") as store:
        store.add(RESULT)
        with pytest.raises(TargetFault, match="answered twice, target_logits"):
            store.add(dataclasses.replace(RESULT, target_logits=(-4, 7), bit_exact=False))
        assert list(store.results("compressed")) == [RESULT]


def test_counts(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "results.sqlite") as store:
        assert store.counts("compressed") == Counts(0, 0, 0)
        store.add(RESULT)
        store.add(dataclasses.replace(RESULT, clip_id="2", label="other"))
        store.add(dataclasses.replace(RESULT, clip_id="3", bit_exact=False, target_logits=(0, 1)))
        assert store.counts("compressed") == Counts(3, 2, 1)


def test_bit_exact_can_not_be_claimed_against_the_logits() -> None:
    with pytest.raises(ValueError, match="bit-exact"):
        dataclasses.replace(RESULT, target_logits=(0, 0))
    with pytest.raises(ValueError, match="int32"):
        dataclasses.replace(RESULT, host_logits=(2**31, 0), bit_exact=False)
    with pytest.raises(ValueError, match="image"):
        dataclasses.replace(RESULT, image="other")


def test_a_journal_belongs_to_one_image(tmp_path: Path) -> None:
    with ResultStore(tmp_path / "results.sqlite") as store:
        store.bind("compressed.build_id", "abc")
        store.bind("compressed.build_id", "abc")
        with pytest.raises(BenchFault, match="'abc', this run has 'def'"):
            store.bind("compressed.build_id", "def")
        assert store.meta() == {"compressed.build_id": "abc"}


def test_a_file_that_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    path.write_text("not a database " * 100)
    with pytest.raises(BenchFault, match=r"(?s)results\.sqlite.*not a database.*damaged"):
        ResultStore(path)


@pytest.mark.parametrize(
    "change", ["target_logits = '[1, 2]'", "host_logits = 'no JSON'", "layer_crcs = '7'", "target_logits = '[5e40]'"]
)
def test_a_result_that_was_tampered_with(tmp_path: Path, change: str) -> None:
    path = tmp_path / "results.sqlite"
    with ResultStore(path) as store:
        store.add(RESULT)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE clip SET {change}")
    with ResultStore(path) as store:
        with pytest.raises(BenchFault, match="a result in it can't be one") as caught:
            list(store.results("compressed"))
        with pytest.raises(BenchFault, match="a result in it can't be one"):
            store.add(RESULT)
    assert caught.value.where == str(path)
    assert "start the run again" in caught.value.hint


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BenchFault, match="unable to open"):
        ResultStore(tmp_path / "missing" / "results.sqlite")


def test_a_journal_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(BenchFault, match="schema version 99"):
        ResultStore(path)


def _run(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


_ENDLESS = """
import dataclasses, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_results import RESULT
from proofboard_harness.results import ResultStore
store = ResultStore(Path(sys.argv[1]))
index = 0
while True:
    store.add(dataclasses.replace(RESULT, clip_id=str(index)))
    print(index, flush=True)
    index += 1
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    with _run(_ENDLESS, str(path), str(Path(__file__).parent)) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(25)]
        process.send_signal(signal.SIGKILL)
        # What it printed between the last line read and its death was acknowledged as well; a cut line was not.
        acknowledged += [line.strip() for line in process.stdout.readlines() if line.endswith("\n")]
    assert process.returncode == -signal.SIGKILL
    with ResultStore(path) as store:
        done = store.done("compressed")
        assert set(acknowledged) <= done
        # At most the one clip that was stored and not yet told of.
        assert len(done) - len(acknowledged) <= 1
        assert store.counts("compressed").clips == len(done)
        assert store.add(dataclasses.replace(RESULT, clip_id="after"))


_SMALL_DISK = """
import dataclasses, resource, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_results import RESULT
from proofboard_harness.errors import BenchFault
from proofboard_harness.results import ResultStore
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
store = ResultStore(Path(sys.argv[1]))
stored = 0
try:
    while True:
        store.add(dataclasses.replace(RESULT, clip_id=str(stored)))
        stored += 1
except BenchFault as fault:
    print(stored)
    print(fault.hint)
"""


def test_a_full_disk_is_a_bench_fault_and_keeps_what_was_stored(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    with _run(_SMALL_DISK, str(path), str(Path(__file__).parent)) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    stored, hint = out.splitlines()
    assert "free some space" in hint
    with ResultStore(path) as store:
        assert len(store.done("compressed")) == int(stored) > 0


def test_a_locked_journal_is_a_bench_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.sqlite"
    connect = sqlite3.connect
    with ResultStore(path) as store:
        store.add(RESULT)
        monkeypatch.setattr(sqlite3, "connect", lambda path, **options: connect(path, **options | {"timeout": 0.0}))
        with ResultStore(path) as second:
            blocker = connect(path, isolation_level=None)
            blocker.execute("BEGIN IMMEDIATE")
            with pytest.raises(BenchFault, match="locked"):
                second.add(dataclasses.replace(RESULT, clip_id="2"))
            blocker.execute("ROLLBACK")
            blocker.close()
            assert second.add(dataclasses.replace(RESULT, clip_id="2"))
