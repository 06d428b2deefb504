"""The operator's tables are looked at before anybody meets them, and the sentence says where they are wrong."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core import checks

from config.launch.prepared import operator_digest
from estimator.checks import stop_if_tables_are_wrong, tables_can_be_read
from estimator.reference import catalogue
from tests.harness.environment import ROOT

HEADER = "id,name,vendor,family,segment,year,tdp_w\n"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    catalogue.use_operator_folder(tmp_path)
    yield tmp_path
    catalogue.use_operator_folder(settings.DATA_DIR / "reference")


def test_nothing_is_wrong_without_a_file_and_with_a_good_one(folder: Path) -> None:
    assert tables_can_be_read() == []
    (folder / "accelerators.csv").write_text(HEADER + "our-card,Our Card,We,Ours,datacentre,2025,123\n")
    assert checks.run_checks(tags=["reference"]) == []
    stop_if_tables_are_wrong()


def test_the_sentence_names_file_line_and_column(folder: Path) -> None:
    path = folder / "accelerators.csv"
    path.write_text(HEADER + "our-card,Our Card,We,Ours,datacentre,2025,123\nother,Other,We,Ours,datacentre,2025,-5\n")
    (found,) = checks.run_checks(tags=["reference"])
    assert found.id == "estimator.E001" and "README" in str(found.hint)
    assert f"{path}, line 3, column tdp_w: Input should be greater than" in found.msg
    with pytest.raises(SystemExit, match=r"accelerators\.csv, line 3, column tdp_w"):
        stop_if_tables_are_wrong()


@pytest.mark.parametrize(
    "command", [["manage.py", "check"], ["-m", "config.launch.prepare"], ["-c", "import config.wsgi"]], ids=str
)
def test_a_start_ends_with_that_sentence(command: list[str], tmp_path: Path) -> None:
    import os

    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "grids.csv").write_text("zone,level\nFR,planet\n")
    environment = os.environ | {"WATTPRINT_DATA": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'db'}"}
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "grids.csv, line 1, column" in done.stderr and "this column is missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_changed_file_is_looked_at_again(tmp_path: Path) -> None:
    before = operator_digest(tmp_path)
    (tmp_path / "reference").mkdir()
    assert operator_digest(tmp_path) == before
    (tmp_path / "reference" / "pue.csv").write_text("x")
    assert operator_digest(tmp_path) != before
