"""Every file that trackers wrote, against the energy, time, emissions and rows that its manifest states."""

import csv
from pathlib import Path
from typing import Any

import pytest

from estimator.imports import Answers, UnreadableFile, read_import

Row = dict[str, str]
SAMPLES = Path(__file__).parent / "samples"
MANIFEST = list(csv.DictReader((SAMPLES / "MANIFEST.csv").open(encoding="utf-8")))
#: The manifest gives nine to twelve digits.
DIGITS = 1e-8


def content(row: Row) -> bytes:
    return (SAMPLES / row["file"]).read_bytes()


def rows_that(*expectations: str) -> list[Any]:
    return [pytest.param(row, id=row["file"]) for row in MANIFEST if row["expect"] in expectations]


@pytest.mark.parametrize(
    "row", rows_that("ok", "ok, warn", "ok, row errors", "ok, ask", "ok or reject", "reject or rebuild")
)
def test_file_imports_to_what_the_manifest_states(row: Row) -> None:
    found = read_import(content(row))
    if row["energy_kwh"]:
        # Where the ways of counting a gap differ, gaps are left out, except those in which the logger went on.
        stated = [float(row[name]) for name in ("energy_kwh", "energy_kwh_gapcut") if row[name]]
        assert any(found.energy_kwh == pytest.approx(kwh, rel=DIGITS) for kwh in stated)
        assert int(row["row_errors"]) == found.row_errors_count
    if row["energy_kwh_gapcut"]:
        assert found.bridged_kwh == pytest.approx(float(row["energy_kwh"]), rel=DIGITS)
        assert found.gap_cut_kwh == pytest.approx(float(row["energy_kwh_gapcut"]), rel=DIGITS)
        assert found.held_kwh == pytest.approx(float(row["energy_kwh_hold"]), rel=DIGITS)
    if row["duration_s"]:
        assert found.duration_s == pytest.approx(float(row["duration_s"]), rel=DIGITS)
    if row["emissions_kg"]:
        assert found.emissions_kgco2e == pytest.approx(float(row["emissions_kg"]), rel=DIGITS)
    assert found.rows_count == int(row["rows"])
    assert len(found.row_errors) == found.row_errors_count
    assert found.recognised_as == row["tool"] or row["tool"] in (
        "carbontracker", "green-algorithms", "perf stat",
    ) or found.recognised_as == row["tool"].partition(" ")[0]  # fmt: skip
    if "warn" in row["expect"] or "ask" in row["expect"] or found.row_errors:
        assert found.warnings
    if found.energy_by_component_kwh:
        assert sum(found.energy_by_component_kwh.values()) == pytest.approx(found.energy_kwh, rel=1e-6)


@pytest.mark.parametrize("row", rows_that("reject", "no total", "ask"))
def test_file_without_an_energy_is_refused_with_a_reason_and_its_rows(row: Row) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read_import(content(row))
    assert refusal.value.rows_count == int(row["rows"])
    assert refusal.value.row_errors_count == int(row["row_errors"] or 0)
    assert str(refusal.value).endswith(".")
    assert ("ask" in row["expect"]) == bool(refusal.value.ask)


@pytest.mark.parametrize(
    ("file", "answers"),
    [
        ("nvidia_smi/query_no_timestamp.csv", Answers(interval_s=1.0)),
        ("broken/plain_unit_unknown.csv", Answers(power_unit="W")),
    ],
)
def test_answer_of_the_owner_makes_it_readable(file: str, answers: Answers) -> None:
    found = read_import((SAMPLES / file).read_bytes(), answers)
    assert found.energy_kwh * 3.6e6 == pytest.approx(28_875, rel=1e-9)


def test_missing_energy_column_is_rebuilt_from_its_parts() -> None:
    file = "broken/codecarbon_missing_energy_column.csv"
    found = read_import((SAMPLES / file).read_bytes())
    whole = csv.DictReader((SAMPLES / file).read_text(encoding="utf-8").splitlines())
    parts = [float(row[name]) for row in whole for name in ("cpu_energy", "gpu_energy", "ram_energy")]
    assert found.energy_kwh == pytest.approx(sum(parts), rel=1e-12)
    assert found.warnings[0].code == "energy_rebuilt"


def test_every_sample_is_in_the_manifest() -> None:
    on_disk = {str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*") if path.is_file()}
    assert on_disk - {"MANIFEST.csv", "README.md"} == {row["file"] for row in MANIFEST}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_encoding_and_line_ends_change_nothing(encoding: str, line_end: str) -> None:
    text = (SAMPLES / "plain/units_in_cells.csv").read_text(encoding="utf-8")
    found = read_import(text.replace("\n", line_end).encode(encoding))
    assert found.energy_kwh * 3.6e6 == pytest.approx(28_875, rel=1e-9)
