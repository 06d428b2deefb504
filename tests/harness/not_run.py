"""What could not run on this machine is said loudly, and is a failure where CI says that everything must run."""

import os
import warnings
from collections.abc import Iterable
from typing import NoReturn

import pytest

_MARK = "NOT RUN: "


class RanInPart(UserWarning):
    """A test that ran with less than it was written for."""


def not_run(reason: str) -> NoReturn:
    """Leave this test out, because the machine lacks something; the reason says what."""
    pytest.skip(_MARK + reason)


def ran_in_part(reason: str) -> None:
    """Let this test run on without something that the machine lacks; nothing of it fails for that, in CI neither."""
    warnings.warn(_MARK + reason, RanInPart, stacklevel=2)


def reasons(reports: Iterable[pytest.TestReport]) -> list[tuple[str, str]]:
    """(test, reason) of each test that was left out by `not_run`."""
    found = []
    for report in reports:
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if _MARK in text:
            found.append((report.nodeid, text.split(_MARK, 1)[1]))
    return found


def reasons_in_part(told: Iterable[object]) -> list[tuple[str, str]]:
    """(test, reason) of each test that ran on in part, of the warnings that pytest has gathered."""
    found = []
    for warning in told:
        text = str(getattr(warning, "message", ""))
        if f"{RanInPart.__name__}: {_MARK}" in text:
            found.append((str(getattr(warning, "nodeid", "")), text.split(_MARK, 1)[1].splitlines()[0]))
    return found


def must_all_run() -> bool:
    """Whether a test that cannot run is a failure."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}
