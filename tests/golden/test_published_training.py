"""Device-hours of published training runs, predicted without having seen them."""

import csv

import numpy as np
import pytest

from tests.golden.fit import fit_mfu

#: What the issue of prediction is judged by.
LARGEST_MEDIAN_FACTOR = 1.5
COVERAGE = (0.80, 0.97)

FITTED = fit_mfu.read_runs("fit")
HELD_OUT = fit_mfu.read_runs("holdout")


def test_table_is_what_the_fit_yields() -> None:
    assert fit_mfu.TABLE.read_text(encoding="utf-8") == fit_mfu.table_text()


def test_unseen_publications_are_predicted() -> None:
    assert fit_mfu.median_factor(fit_mfu.held_out_errors(FITTED)) <= LARGEST_MEDIAN_FACTOR
    assert COVERAGE[0] <= fit_mfu.held_out_coverage(FITTED) <= COVERAGE[1]


def test_unseen_organisations_are_predicted() -> None:
    assert fit_mfu.median_factor(fit_mfu.held_out_errors(FITTED, "organisation")) <= LARGEST_MEDIAN_FACTOR


def test_runs_that_were_never_fitted_are_predicted() -> None:
    log_errors = fit_mfu.errors(HELD_OUT, fit_mfu.fit(FITTED))
    assert fit_mfu.median_factor(log_errors) <= LARGEST_MEDIAN_FACTOR
    assert COVERAGE[0] <= float(np.mean(np.abs(log_errors) <= fit_mfu.spread(FITTED))) <= COVERAGE[1]


def test_nothing_held_out_is_fitted() -> None:
    assert len(FITTED) >= 30
    assert len({run.publication for run in FITTED}) >= 15
    assert not {run.publication for run in FITTED} & {run.publication for run in HELD_OUT}


def test_every_run_has_a_source_and_each_that_stays_out_a_reason() -> None:
    with fit_mfu.RUNS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["source_ids"] for row in rows)
    assert all(row["note"] for row in rows if row["use"] == "excluded")
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("row", fit_mfu.table(FITTED), ids=lambda row: row["id"])
def test_utilisations_are_believable(row: dict[str, str]) -> None:
    assert 0.05 < float(row["low"]) < float(row["central"]) < float(row["high"]) < 0.7
