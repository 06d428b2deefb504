"""A private PostgreSQL on a Unix socket, where the machine has its binaries."""

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import quote


@cache
def binaries() -> Path | None:
    """The folder with initdb and pg_ctl; the newest where there are several."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running_postgresql() -> Iterator[str]:
    """Start a server, give its URL, and take it down again with its files."""
    # The server refuses root: there it runs as the user that Debian's package makes.
    user = "postgres" if os.geteuid() == 0 else None
    name = user or getpass.getuser()
    home = Path(tempfile.mkdtemp(prefix="wattprint-pg-"))
    if user:
        shutil.chown(home, user)
    programs = binaries()
    assert programs is not None
    data = home / "data"

    def call(*command: str | Path) -> None:
        done = subprocess.run(
            command,
            user=user,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        assert done.returncode == 0, f"{command[0]}: {done.stdout[-1500:]}{done.stderr[-1500:]}"

    options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off -c max_connections=40"
    log = home / "log"
    try:
        call(
            programs / "initdb",
            "-D",
            data,
            "-U",
            name,
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
            "--no-instructions",
        )
        # pg_ctl keeps its output open for the server: the log takes it, so that the call can end.
        call(programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "-s", "start")
        try:
            yield f"postgresql://{name}@{quote(str(home), safe='')}/postgres"
        finally:
            call(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "-s", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)
