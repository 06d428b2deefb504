"""
What a worker keeps on its own disk: measurements that go on, and samples that the server has not confirmed yet.

One file, written after each sample, so that a process which is killed loses none. Bounded: when it is full, samples
are joined before they are written, so that a long absence of the server costs detail and no energy.
"""

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from estimator.worker.protocol import Spec

#: Some days at one sample a second, about 100 MB.
MOST_SAMPLES_KEPT: Final = 500_000
#: What is confirmed over and done with is remembered this long, in case its message comes again. [s]
REMEMBERED_S: Final = 7 * 86_400.0

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS measurement (
    id TEXT PRIMARY KEY, spec TEXT NOT NULL, slice INTEGER NOT NULL, run TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'running', started_at_s REAL, about TEXT NOT NULL DEFAULT '{}',
    next_sequence INTEGER NOT NULL DEFAULT 1, announced INTEGER NOT NULL DEFAULT 0, stop INTEGER NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL DEFAULT '{}', changed_at_s REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS sample (
    measurement TEXT NOT NULL, sequence INTEGER NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (measurement, sequence)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One measurement as it stands on the disk."""

    id: str
    spec: Spec
    slice: int
    run: str
    state: str  #: running, ended (its samples are on their way), over
    started_at_s: float | None
    next_sequence: int
    announced: bool
    stop: bool
    about: dict[str, Any] = field(default_factory=dict)  #: components, baseline, the process that was started
    outcome: dict[str, Any] = field(default_factory=dict)


class Store:
    """The file; each thread has a connection of its own."""

    def __init__(self, path: Path, *, most_samples: int = MOST_SAMPLES_KEPT) -> None:
        self._path = path
        self._most = most_samples
        self._own = threading.local()
        with self._connection() as connection:
            connection.executescript(_TABLES)
        path.chmod(0o600)

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if found is None:
            found = sqlite3.connect(self._path, timeout=20, isolation_level=None)
            found.execute("PRAGMA journal_mode=WAL")
            found.execute("PRAGMA synchronous=NORMAL")
            self._own.connection = found
        return found

    def begin_slice(self, key: str, number: int, *, spec: Spec | None, run: str, now_s: float) -> bool:
        """Take a slice; false if it, or a later one, was taken before: then its message came a second time."""
        connection = self._connection()
        if spec is not None:
            connection.execute(
                "INSERT OR IGNORE INTO measurement (id, spec, slice, run, changed_at_s) VALUES (?, ?, 0, ?, ?)",
                (key, json.dumps(spec), run, now_s),
            )
        taken = connection.execute(
            "UPDATE measurement SET slice = ?, changed_at_s = ? WHERE id = ? AND slice < ? AND state = 'running'",
            (number, now_s, key, number),
        )
        return taken.rowcount == 1

    def get(self, key: str) -> Kept | None:
        """One measurement."""
        return next(iter(self._rows("WHERE id = ?", key)), None)

    def running(self) -> list[Kept]:
        """Those that go on."""
        return self._rows("WHERE state = 'running'")

    def unfinished(self) -> list[Kept]:
        """Those that the server does not know all of yet."""
        return self._rows("WHERE state != 'over' ORDER BY changed_at_s")

    def _rows(self, where: str, *values: object) -> list[Kept]:
        found = self._connection().execute(
            "SELECT id, spec, slice, run, state, started_at_s, next_sequence, announced, stop, about, outcome "
            f"FROM measurement {where}",
            values,
        )
        return [
            Kept(
                id=row[0],
                spec=cast("Spec", json.loads(row[1])),
                slice=row[2],
                run=row[3],
                state=row[4],
                started_at_s=row[5],
                next_sequence=row[6],
                announced=bool(row[7]),
                stop=bool(row[8]),
                about=json.loads(row[9]),
                outcome=json.loads(row[10]),
            )
            for row in found
        ]

    def describe(self, key: str, about: Mapping[str, Any], *, started_at_s: float | None = None) -> None:
        """Note what is measured, and, once, when its first sample begins. It will be told to the server anew."""
        self._connection().execute(
            "UPDATE measurement SET about = ?, started_at_s = coalesce(started_at_s, ?), announced = 0 WHERE id = ?",
            (json.dumps(about), started_at_s, key),
        )

    def note_announced(self, key: str) -> None:
        """The server knows what is measured."""
        self._connection().execute("UPDATE measurement SET announced = 1 WHERE id = ?", (key,))

    def add(self, key: str, content: list[Any]) -> None:
        """Keep one sample, numbered after the last one."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(
                "INSERT INTO sample SELECT id, next_sequence, ? FROM measurement WHERE id = ?",
                (json.dumps(content, separators=(",", ":")), key),
            )
            connection.execute("UPDATE measurement SET next_sequence = next_sequence + 1 WHERE id = ?", (key,))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def is_full(self) -> bool:
        """Whether samples must be joined until some were delivered."""
        (count,) = self._connection().execute("SELECT count(*) FROM sample").fetchone()
        return int(count) >= self._most

    def waiting(self, key: str, *, most_count: int, most_bytes: int) -> tuple[int, list[str]]:
        """The oldest samples that are to be delivered: the number of the first, and their JSON."""
        found = self._connection().execute(
            "SELECT sequence, content FROM sample WHERE measurement = ? ORDER BY sequence LIMIT ?", (key, most_count)
        )
        contents: list[str] = []
        first = size = 0
        for sequence, content in found:
            size += len(content) + 1
            if contents and size > most_bytes:
                break
            first = first or int(sequence)
            contents.append(str(content))
        return first, contents

    def confirm(self, key: str, next_sequence: int) -> None:
        """Let go what the server has."""
        self._connection().execute("DELETE FROM sample WHERE measurement = ? AND sequence < ?", (key, next_sequence))

    def ask_to_stop(self, key: str) -> None:
        """Stop at the next occasion."""
        self._connection().execute("UPDATE measurement SET stop = 1 WHERE id = ? AND stop = 0", (key,))

    def stops(self) -> list[str]:
        """Those that go on and are to stop."""
        return [
            row[0] for row in self._connection().execute("SELECT id FROM measurement WHERE stop AND state = 'running'")
        ]

    def end(self, key: str, outcome: Mapping[str, Any], *, now_s: float) -> None:
        """No further sample will come."""
        self._connection().execute(
            "UPDATE measurement SET state = 'ended', outcome = ?, changed_at_s = ? WHERE id = ? AND state = 'running'",
            (json.dumps(outcome), now_s, key),
        )

    def close_measurement(self, key: str, *, now_s: float) -> None:
        """The server has everything, or wants no more of it."""
        connection = self._connection()
        connection.execute("DELETE FROM sample WHERE measurement = ?", (key,))
        connection.execute("UPDATE measurement SET state = 'over', changed_at_s = ? WHERE id = ?", (now_s, key))
        connection.execute("DELETE FROM measurement WHERE state = 'over' AND changed_at_s < ?", (now_s - REMEMBERED_S,))

    def version(self) -> int:
        """Another number whenever another process has written."""
        return int(self._connection().execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close this thread's connection."""
        found: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if found is not None:
            found.close()
            self._own.connection = None
