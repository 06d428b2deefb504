"""What the worker's owner has written down on the machine itself: the workloads that may be started by name."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

FILE_NAME: Final = "worker.toml"
#: What it may look like, for people.
EXAMPLE: Final = """\
[workloads.train]
command = ["python", "train.py"]
folder = "/data/project"
"""
MOST_WORKLOADS: Final = 100
_NAME_LENGTH: Final = 80


class BadConfig(ValueError):
    """The file cannot be used: where, and what would be right."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A command that may be started by its name, and nothing else of it can be changed from outside."""

    command: tuple[str, ...]
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file."""

    workloads: dict[str, Workload] = field(default_factory=dict)
    meters: tuple[str, ...] = ()  #: kinds that must work; by default all that do


class ConfigFile:
    """
    The file of a worker that runs: read again when it has changed.

    Parameters
    ----------
    path : Path
        The file, as `read_config` takes it.

    Raises
    ------
    BadConfig
        If it cannot be used at the start; later what was read before holds on, and `problem` says what is wrong.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self._seen = _state_of(path)
        self.config = read_config(path)

    def look(self) -> bool:
        """Read it again if it has changed; whether it has."""
        state = _state_of(self.path)
        if state == self._seen:
            return False
        self._seen = state
        try:
            self.config, self.problem = read_config(self.path), ""
        except BadConfig as problem:
            self.problem = str(problem)
        return True


def _state_of(path: Path) -> tuple[int, int, int] | None:
    """What changes with a file's content; None where there is none."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size, told.st_ino


def read_config(path: Path) -> Config:
    """
    Read the worker's file; one that is not there is empty.

    Parameters
    ----------
    path : Path
        The file, such as `EXAMPLE`; before the first table it may say which meters must work::

            meters = ["rapl", "nvml"]

    Raises
    ------
    BadConfig
        If it says something that it cannot mean.
    """
    try:
        told = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise BadConfig(f"{path} cannot be read: {problem}.") from problem
    workloads = told.get("workloads", {})
    if not isinstance(workloads, dict) or len(workloads) > MOST_WORKLOADS:
        raise BadConfig(f"{path}: write each workload as a table [workloads.name], at most {MOST_WORKLOADS} of them.")
    meters = told.get("meters", [])
    if not isinstance(meters, list) or not all(isinstance(name, str) for name in meters):
        raise BadConfig(f'{path}: write meters as a list of names, such as ["rapl", "nvml"].')
    return Config(
        workloads={name: _workload(path, name, table) for name, table in workloads.items()}, meters=tuple(meters)
    )


def _workload(path: Path, name: str, table: Any) -> Workload:
    command = table.get("command") if isinstance(table, dict) else None
    if not isinstance(command, list) or not command or not all(isinstance(part, str) for part in command):
        raise BadConfig(
            f'{path}: [workloads.{name}] needs a command as a list, such as command = ["python", "train.py"].'
        )
    if not name or len(name) > _NAME_LENGTH:
        raise BadConfig(f"{path}: the name of a workload has 1 to {_NAME_LENGTH} letters.")
    folder = table.get("folder")
    if folder is not None and not isinstance(folder, str):
        raise BadConfig(f"{path}: the folder of [workloads.{name}] is a path in quotation marks.")
    return Workload(command=tuple(command), folder=folder)
