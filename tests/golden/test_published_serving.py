"""Energy of measured tokens, predicted for models that the fit had not seen."""

import csv

import numpy as np

from tests.golden.fit import fit_serving

LARGEST_MEDIAN_FACTOR = 1.6
COVERAGE = (0.80, 0.97)

ROWS = fit_serving.read(fit_serving.RUNS)


def test_table_is_what_the_fit_yields() -> None:
    assert fit_serving.TABLE.read_text(encoding="utf-8") == fit_serving.table_text()


def test_unseen_models_are_predicted() -> None:
    log_errors = fit_serving.held_out_errors(ROWS)
    assert fit_serving.median_factor(log_errors) <= LARGEST_MEDIAN_FACTOR
    assert COVERAGE[0] <= fit_serving.held_out_coverage(ROWS) <= COVERAGE[1]


def test_an_unseen_task_is_predicted() -> None:
    assert fit_serving.median_factor(fit_serving.held_out_errors(ROWS, "task")) <= LARGEST_MEDIAN_FACTOR


def test_measured_draws_are_predicted() -> None:
    runs = fit_serving.Runs(ROWS)
    times, draws = fit_serving.fit(runs)
    predicted = fit_serving.energy_j_per_output_token(runs, times, draws) / (
        fit_serving.accelerator_s_per_output_token(runs, times) * runs.tdp_w
    )
    assert float(np.median(np.abs(predicted / runs.draw - 1.0))) < 0.15


def test_no_efficiency_is_above_one() -> None:
    times, draws = fit_serving.fit(fit_serving.Runs(ROWS))
    assert (times[:2] < 1.0).all()
    assert (draws <= 1.0).all()


def test_every_source_is_listed() -> None:
    data = fit_serving.TABLE.parent
    with (data / "sources.csv").open(encoding="utf-8", newline="") as file:
        known = {row["id"] for row in csv.DictReader(file)}
    for name in ("mfu.csv", "inference_calibration.csv"):
        for row in fit_serving.read(data / name):
            assert set(row["source_ids"].split(";")) <= known
