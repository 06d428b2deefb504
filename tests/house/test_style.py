"""Style and types: the tools' own verdict on the whole tree."""

import os
import subprocess
import sys

import pytest

from tests.harness.environment import ROOT


def told_by(*command: str) -> str:
    """Run a tool of .venv on the tree; empty when it is content."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, env=os.environ | {"DEBUG": "1"}
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    assert not (told := told_by("ruff", "check", "--no-cache", ".")), told


def test_every_file_is_formatted() -> None:
    assert not (told := told_by("ruff", "format", "--check", "--no-cache", ".")), told


@pytest.mark.timeout(400)
def test_types_hold_strictly() -> None:
    assert not (told := told_by("mypy")), told
