"""The journal of one run: every clip that came back from the target, on the disk before anyone is told.

One SQLite file in the run folder. Killing the process at any point loses nothing for which `add` returned;
`done` is what `--resume` skips. The columns are documented at `_SCHEMA`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from .errors import LastingFault, TargetFault

SCHEMA_VERSION = 1
IMAGES = ("baseline", "compressed")
_INT32 = range(-(2**31), 2**31)

_SCHEMA = """
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
CREATE TABLE clip (
    arrival          INTEGER PRIMARY KEY,  -- order of arrival
    image            TEXT NOT NULL CHECK (image IN ('baseline', 'compressed')),
    clip_id          TEXT NOT NULL,
    split            TEXT NOT NULL,        -- field, kfold, adversarial, ...
    label            TEXT NOT NULL,        -- what the recording is
    source_group     TEXT NOT NULL,        -- recording or speaker that the clip was cut from
    host_logits      TEXT NOT NULL,        -- JSON list of int32 words; a float32 logit by its bit pattern
    target_logits    TEXT NOT NULL,        -- likewise
    host_class       TEXT NOT NULL,
    target_class     TEXT NOT NULL,
    bit_exact        INTEGER NOT NULL CHECK (bit_exact IN (0, 1)),
    layer_crcs       TEXT NOT NULL,        -- JSON list of the target's CRC-32 per layer
    frontend_cost    INTEGER NOT NULL,     -- in the unit of the board's counter
    network_cost     INTEGER NOT NULL,     -- likewise
    stack_high_water INTEGER NOT NULL,     -- bytes
    attempt          INTEGER NOT NULL,     -- 1 = the first try
    received_at      REAL NOT NULL,        -- seconds since 1970-01-01 UTC
    UNIQUE (image, clip_id)
) STRICT;
"""


@dataclass(frozen=True)
class ClipResult:
    """What one clip gave on one image.

    `host_logits` and `target_logits` are int32 words (a float32 logit by its bit pattern), `layer_crcs` the target's
    CRC-32 of each layer's output, costs in the unit of the board's counter, `stack_high_water` in bytes,
    `attempt` from 1, `received_at` in seconds since 1970 (UTC). `bit_exact` may be false with equal logits
    (a layer differed), never true with unequal ones.

    Raises:
        ValueError: logits that are no int32 words, or `bit_exact` against the logits.
    """

    image: str
    clip_id: str
    split: str
    label: str
    group: str
    host_logits: tuple[int, ...]
    target_logits: tuple[int, ...]
    host_class: str
    target_class: str
    bit_exact: bool
    layer_crcs: tuple[int, ...]
    frontend_cost: int
    network_cost: int
    stack_high_water: int
    attempt: int
    received_at: float

    def __post_init__(self) -> None:
        if self.image not in IMAGES:
            raise ValueError(f"image {self.image!r} is not one of {IMAGES}")
        if any(word not in _INT32 for word in (*self.host_logits, *self.target_logits)):
            raise ValueError(f"clip {self.clip_id!r}: a logit is not an int32 word")
        if self.bit_exact and self.host_logits != self.target_logits:
            raise ValueError(f"clip {self.clip_id!r} is called bit-exact with unequal logits")

    @property
    def correct(self) -> bool:
        """Whether the target named the label."""
        return self.target_class == self.label


@dataclass(frozen=True)
class Counts:
    """Of one image: clips in the journal, how many the target got right, how many were not bit-exact."""

    clips: int
    correct: int
    mismatches: int


class ResultStore:
    """The journal at `path`, made when missing. Use from one thread, as a context manager or with `close`.

    Raises:
        LastingFault: the disk is full, the file is locked, damaged, or of another schema version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._faults():
            # isolation_level None: SQLite's own autocommit, so a statement that returned is committed.
            self._connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
        try:
            with self._faults():
                self._connection.execute("PRAGMA journal_mode = WAL")
                # FULL syncs the log at every commit: an acknowledged clip survives a power cut as well.
                self._connection.execute("PRAGMA synchronous = FULL")
                self._open_schema()
        except BaseException:
            self._connection.close()
            raise

    def add(self, result: ClipResult) -> bool:
        """Store one result; it is on the disk when this returns.

        Returns:
            True when it counts, False when the very same answer was stored before (a clip sent again).

        Raises:
            TargetFault: the clip was answered before, and differently.
            LastingFault: the disk is full or the file is locked.
        """
        columns = _to_row(result)
        names = ", ".join(columns)
        slots = ", ".join(f":{name}" for name in columns)
        with self._faults():
            cursor = self._connection.execute(
                f"INSERT INTO clip ({names}) VALUES ({slots}) ON CONFLICT (image, clip_id) DO NOTHING", columns
            )
            if cursor.rowcount == 1:
                return True
            stored = self._connection.execute(
                "SELECT * FROM clip WHERE image = ? AND clip_id = ?", (result.image, result.clip_id)
            ).fetchone()
        _require_same_answer(self._read(stored), result, where=str(self._path))
        return False

    def done(self, image: str) -> set[str]:
        """The ids of the clips that `image` has answered."""
        with self._faults():
            return {row[0] for row in self._connection.execute("SELECT clip_id FROM clip WHERE image = ?", (image,))}

    def results(self, image: str) -> Iterator[ClipResult]:
        """All results of `image` in order of arrival."""
        with self._faults():
            for row in self._connection.execute("SELECT * FROM clip WHERE image = ? ORDER BY arrival", (image,)):
                yield self._read(row)

    def counts(self, image: str) -> Counts:
        """What the journal holds of `image`."""
        with self._faults():
            row = self._connection.execute(
                "SELECT COUNT(*), COALESCE(SUM(label = target_class), 0), COALESCE(SUM(NOT bit_exact), 0)"
                " FROM clip WHERE image = ?",
                (image,),
            ).fetchone()
        return Counts(*row)

    def bind(self, key: str, value: str) -> None:
        """Tie the journal to an identity (build id, model hash, chip): stored once, compared ever after.

        Raises:
            LastingFault: the journal is tied to another value.
        """
        with self._faults():
            self._connection.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO NOTHING", (key, value))
        stored = self.meta()[key]
        if stored != value:
            raise LastingFault(
                f"results belong to {key} {stored!r}, this run has {value!r}",
                where=str(self._path),
                hint="start a new run: results of two images, or of two chips, must not be mixed",
            )

    def meta(self) -> dict[str, str]:
        """All that `bind` stored."""
        with self._faults():
            return dict(self._connection.execute("SELECT key, value FROM meta ORDER BY key").fetchall())

    def close(self) -> None:
        """Fold the write-ahead log into the file, so that one file is all there is to move."""
        with self._faults():
            self._connection.close()

    def __enter__(self) -> ResultStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, row: sqlite3.Row) -> ClipResult:
        try:
            return _from_row(row)
        except (ValueError, TypeError) as error:
            raise LastingFault(
                f"a result in it can't be one: {error}",
                where=str(self._path),
                hint="the file was changed or damaged: move it away and start the run again",
            ) from error

    def _open_schema(self) -> None:
        self._connection.row_factory = sqlite3.Row
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            # One transaction: a process killed here leaves an empty file, never half a schema.
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )
        elif version != SCHEMA_VERSION:
            raise LastingFault(
                f"results have schema version {version}, this Proofboard writes {SCHEMA_VERSION}",
                where=str(self._path),
                hint="start a new run, or read this one with the Proofboard that made it",
            )

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn what SQLite says into a bench fault with the thing to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise LastingFault(
                f"results can't be kept: {error}", where=str(self._path), hint=_hint(error.sqlite_errorcode)
            ) from error


def _hint(code: int) -> str:
    """What a person can do about an SQLite result code (https://www.sqlite.org/rescode.html)."""
    primary = code & 0xFF
    if primary in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return "free some space on that disk, then go on with --resume: nothing acknowledged is lost"
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "another process uses this run: wait until it ends, or stop it, then go on with --resume"
    if primary in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return "the file is damaged or is no journal: move it away and start the run again"
    return "check that the run folder exists and may be written"


def _to_row(result: ClipResult) -> dict[str, str | int | float]:
    return {
        "image": result.image,
        "clip_id": result.clip_id,
        "split": result.split,
        "label": result.label,
        "source_group": result.group,
        "host_logits": json.dumps(result.host_logits),
        "target_logits": json.dumps(result.target_logits),
        "host_class": result.host_class,
        "target_class": result.target_class,
        "bit_exact": int(result.bit_exact),
        "layer_crcs": json.dumps(result.layer_crcs),
        "frontend_cost": result.frontend_cost,
        "network_cost": result.network_cost,
        "stack_high_water": result.stack_high_water,
        "attempt": result.attempt,
        "received_at": result.received_at,
    }


def _from_row(row: sqlite3.Row) -> ClipResult:
    return ClipResult(
        image=row["image"],
        clip_id=row["clip_id"],
        split=row["split"],
        label=row["label"],
        group=row["source_group"],
        host_logits=tuple(json.loads(row["host_logits"])),
        target_logits=tuple(json.loads(row["target_logits"])),
        host_class=row["host_class"],
        target_class=row["target_class"],
        bit_exact=bool(row["bit_exact"]),
        layer_crcs=tuple(json.loads(row["layer_crcs"])),
        frontend_cost=row["frontend_cost"],
        network_cost=row["network_cost"],
        stack_high_water=row["stack_high_water"],
        attempt=row["attempt"],
        received_at=row["received_at"],
    )


def _require_same_answer(stored: ClipResult, again: ClipResult, *, where: str) -> None:
    """A second answer may differ in time, attempt and cost; in nothing that a result is counted by."""
    for name in ("target_logits", "layer_crcs", "target_class", "host_logits", "host_class", "label", "split", "group"):
        before, now = getattr(stored, name), getattr(again, name)
        if before != now:
            raise TargetFault(
                f"clip {again.clip_id!r} on the {again.image} image was answered twice, {name} {before} then {now}",
                where=where,
                hint="the same image must give the same answer to the same clip: look for state kept between clips",
            )
