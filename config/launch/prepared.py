"""Whether the tables and the static files of a data folder are those of this code: then a start may skip them."""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _digest(files: Iterator[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _files(*patterns: str) -> Iterator[Path]:
    yield ROOT / "requirements.txt"
    for pattern in patterns:
        yield from sorted(file for file in ROOT.glob(pattern) if file.is_file())


def static_digest() -> str:
    """Changes when a static file, or the package that it comes from, may have changed."""
    return _digest(_files("*/static/**/*", "config/static*.py", "config/storage.py"))


def tables_digest() -> str:
    """Changes when a migration, ours or a package's, may have changed."""
    return _digest(_files("*/migrations/*.py", "config/settings.py"))


def operator_digest(folder: Path) -> str:
    """Changes when the operator's own tables, beside the data, may have changed."""
    digest = hashlib.sha256()
    for file in sorted((folder / "reference").glob("*.csv")):
        digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def applied_migrations(database: Path) -> list[str] | None:
    """What the database says that it has; None where there is no such table, or no such file."""
    if not database.exists():
        return None
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(database, timeout=5)) as connection:
        return sorted("/".join(row) for row in connection.execute("SELECT app, name FROM django_migrations"))
    return None


class Stamp:
    """What was prepared last, beside the data."""

    def __init__(self, folder: Path, database: Path | None) -> None:
        self._folder = folder
        self._file = folder / "prepared.json"
        self._static = folder / "static"
        self._database = database
        self._told: dict[str, object] = {}
        with contextlib.suppress(OSError, ValueError):
            self._told = json.loads(self._file.read_text())

    @property
    def static_is_fresh(self) -> bool:
        """Whether the static files need not be collected."""
        return self._static.is_dir() and self._told.get("static") == static_digest()

    @property
    def tables_are_fresh(self) -> bool:
        """Whether the tables need not be migrated; a database that is not ours alone is always asked."""
        if self._database is None or self._told.get("tables") != tables_digest():
            return False
        if self._told.get("operator") != operator_digest(self._folder):
            return False
        applied = applied_migrations(self._database)
        return applied is not None and self._told.get("applied") == applied

    def write(self) -> None:
        """Note that everything is prepared."""
        applied = applied_migrations(self._database) if self._database is not None else None
        told = {
            "static": static_digest(),
            "tables": tables_digest(),
            "operator": operator_digest(self._folder),
            "applied": applied,
        }
        self._file.write_text(json.dumps(told))
