"""The directions of imports hold, and each contract has been seen to fail."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.harness.environment import ROOT

PACKAGES = ("config", "estimator", "reports")
#: Contract, file, and the line that breaks it when it is put there.
VIOLATIONS = [
    ("packages", "estimator/services.py", "import reports.summary"),
    ("packages", "reports/summary.py", "import config.settings"),
    ("estimator", "estimator/core/units.py", "import estimator.reference.catalogue"),
    ("estimator", "estimator/models.py", "import estimator.services"),
    ("estimator", "estimator/forms/__init__.py", "import estimator.views"),
    ("estimator", "estimator/newcomer.py", "A_MODULE_WITHOUT_A_FLOOR = True"),
    ("reports", "reports/summary.py", "import reports.services"),
    ("reports", "reports/newcomer.py", "A_MODULE_WITHOUT_A_FLOOR = True"),
    ("pure-core", "estimator/core/units.py", "import pandas"),
    ("pure-core", "estimator/core/estimate.py", "import django.conf"),
    ("pure-core", "estimator/core/estimate.py", "import time"),
    ("no-web", "estimator/reference/catalogue.py", "import django.conf"),
    ("no-web", "estimator/measure/__init__.py", "import redis"),
    ("no-web", "reports/summary.py", "from django.utils.translation import gettext"),
    ("workers-are-elsewhere", "estimator/worker/agent.py", "import django.conf"),
    ("one-door-to-weasyprint", "reports/views.py", "import weasyprint"),
    ("launcher", "config/launch/site.py", "import config.settings"),
    ("launcher-outside", "config/urls.py", "import config.launch.site"),
]


def lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages of a folder."""
    lint_imports = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [sys.executable, str(lint_imports), "--no-cache", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(folder)},
    )


def contracts() -> set[str]:
    """The contracts of pyproject.toml."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["id"] for contract in told["tool"]["importlinter"]["contracts"]}


def test_every_contract_is_kept() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_contract_is_seen_to_fail_below() -> None:
    assert contracts() == {contract for contract, _, _ in VIOLATIONS}


@pytest.mark.parametrize(("contract", "file", "line"), VIOLATIONS)
def test_a_planted_violation_breaks_its_contract(contract: str, file: str, line: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "static", "data", "locale", "templates")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    place = tmp_path / file
    place.write_text((place.read_text() if place.exists() else "") + f"\n{line}\n")
    done = lint(tmp_path, "--contract", contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 broken" in done.stdout
