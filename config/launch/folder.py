"""The data folder of one installation: made private, checked, and held by one run at a time."""

import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from config.launch.trouble import Trouble

#: Below this the database, its journal and a report cannot be written with any safety. [bytes]
LEAST_FREE_BYTES = 64 * 1024 * 1024

#: The link that signs this machine's owner in is good for so long. [s]
OWNER_LINK_LASTS_S = 3600.0


def why(problem: OSError, folder: Path) -> Trouble:
    """A failed write, said so that a person knows what to do."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return Trouble(f"The disk of {folder} is full: make room there, or name another folder with --data.")
    if problem.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Trouble(f"{folder} cannot be written to: change who may, or name another folder with --data.")
    if problem.errno in (errno.ENOTDIR, errno.EEXIST):
        return Trouble(f"{folder} is a file, not a folder: name another one with --data.")
    return Trouble(f"{folder} cannot be used ({problem.strerror}): name another folder with --data.")


class DataFolder:
    """Where everything lives that must outlast a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self.redis = path / "redis"
        self.database = path / "wattprint.sqlite3"
        self.run_file = path / "run.json"
        self.owner_link = path / "owner-link.json"
        self._lock: int | None = None

    def prepare(self) -> None:
        """Make the folder, for its owner's eyes only, and see that it can be written to."""
        try:
            for folder in (self.path, self.logs, self.redis):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.path / ".probe"
            try:
                with probe.open("wb") as file:
                    file.write(b"x" * 65536)
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                probe.unlink(missing_ok=True)
            free_bytes = shutil.disk_usage(self.path).free
        except OSError as problem:
            raise why(problem, self.path) from None
        if free_bytes < LEAST_FREE_BYTES:
            raise Trouble(
                f"The disk of {self.path} has {free_bytes // 1_000_000} MB left, and Wattprint wants "
                f"{LEAST_FREE_BYTES // 1_000_000}: make room there, or name another folder with --data."
            )

    def hold(self) -> None:
        """Take the folder for this run. The lock goes with the process, however it ends."""
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as problem:
            raise why(problem, self.path) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            url = self.last_run().get("url")
            place = f"at {url}" if url else "and is just starting"
            raise Trouble(
                f"Wattprint already runs on {self.path}, {place}. Stop that one, or name another folder with --data."
            ) from None
        self._lock = lock

    def is_held(self) -> bool:
        """Whether a run has the folder now."""
        try:
            lock = os.open(self.path / "lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError as problem:
            raise why(problem, self.path) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(lock)
        return False

    def release(self) -> None:
        """Give the folder free, if this run holds it."""
        if self._lock is not None:
            self.run_file.unlink(missing_ok=True)
            self.owner_link.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def last_run(self) -> dict[str, Any]:
        """What the present run, or one that ended without a word, wrote about itself."""
        try:
            told = json.loads(self.run_file.read_text())
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def tell_run(self, told: dict[str, Any]) -> None:
        """Write who runs here: the second caller's sentence and the clearing up after a crash need it."""
        fresh = self.run_file.with_suffix(".new")
        fresh.write_text(json.dumps(told))
        fresh.replace(self.run_file)

    def write_owner_link(self) -> str:
        """The secret of a link that signs this machine's owner in; its digest is left for the site to read."""
        token = secrets.token_urlsafe(32)
        told = {"digest": hashlib.sha256(token.encode()).hexdigest(), "expires_s": time.time() + OWNER_LINK_LASTS_S}
        fresh = self.owner_link.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            json.dump(told, opened)
        fresh.replace(self.owner_link)
        return token

    def another_owner_link(self) -> str:
        """
        The address that signs this machine's owner in at the site that runs here; the one before is void.

        Raises
        ------
        Trouble
            If none runs here, or others can reach it.
        """
        if not self.is_held():
            raise Trouble(f"Wattprint does not run on {self.path}: ./wattprint up starts it, and prints a link too.")
        told = self.last_run()
        if not told.get("url"):
            raise Trouble(f"Wattprint is just starting on {self.path}: it prints a link itself in a moment.")
        if not told.get("owner_link"):
            raise Trouble(f"Others can reach the site at {told['url']}, so no link signs anybody in: sign up there.")
        try:
            return f"{told['url']}owner/{self.write_owner_link()}/"
        except OSError as problem:
            raise why(problem, self.path) from None

    def kept_secret_key(self) -> str:
        """The key that a run has made here; empty where there is none that we may read."""
        try:
            return (self.path / "secret_key").read_text().strip()
        except OSError:
            return ""

    def secret_key(self) -> str:
        """The key that signs sessions and forms: made once, then kept."""
        file = self.path / "secret_key"
        try:
            if not file.exists():
                fresh = self.path / "secret_key.new"
                fresh.unlink(missing_ok=True)
                with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
                    opened.write(secrets.token_urlsafe(64))
                fresh.replace(file)
            return file.read_text().strip()
        except OSError as problem:
            raise why(problem, self.path) from None
