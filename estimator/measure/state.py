"""Where a measurement keeps what outlives it: the figures it looked up, and what is still to be sent."""

import errno
import os
from pathlib import Path
from typing import Final

#: The variable with a token of a server.
TOKEN_NAME: Final = "WATTPRINT_TOKEN"


def state_path(*parts: str) -> Path:
    """A folder of ours under $WATTPRINT_DATA, else where the system keeps the state of programs."""
    data = os.environ.get("WATTPRINT_DATA")
    if data:
        top = Path(data) / "measure"
    else:
        try:
            top = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "wattprint"
        except RuntimeError as problem:  # a service may have no home
            raise OSError("there is no home folder: name one in WATTPRINT_DATA") from problem
    return top.joinpath(*parts)


def state_folder(*parts: str) -> Path:
    """The same, made if missing."""
    folder = state_path(*parts)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def check_writable(path: Path) -> None:
    """
    Try whether `write_whole` will be able to write there.

    Raises
    ------
    OSError
        If it is not, with the reason.
    """
    if path.exists() and not path.is_file():  # it would take the place of a device or a pipe
        raise OSError(errno.EEXIST, "it is there, and no file")
    if not path.parent.is_dir():
        raise OSError(errno.ENOENT, f"there is no folder {path.parent}")
    part = _part(path)
    part.touch(mode=0o600)
    part.unlink()


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or none, whatever happens in the middle."""
    part = _part(path)
    try:
        with part.open("w") as file:
            os.fchmod(file.fileno(), 0o600)  # measurements tell what somebody ran
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    """What is written until it is whole."""
    return path.with_name(f".{path.name}.{os.getpid()}")
