"""The predictions that are shown are those that the fits yield, and they are as good as the fits say."""

import math

import numpy as np

from estimator.core.flops import flop_accelerator_hours
from estimator.reference.published import predicted_serving, predicted_training
from tests.golden.fit import fit_mfu, fit_serving, predict


def test_tables_are_what_the_fits_yield() -> None:
    for path, text in predict.tables().items():
        assert path.read_text(encoding="utf-8") == text, path.name


def test_device_hours_err_as_the_fit_says() -> None:
    fitted = [row for row in predicted_training() if row.use == "fit"]
    log_errors = np.array(
        [
            math.log(
                flop_accelerator_hours(total_flop=row.total_flop, peak_flops=row.peak_flops, mfu=row.central)
                / row.published_accelerator_hours
            )
            for row in fitted
        ]
    )
    runs = fit_mfu.read_runs("fit")
    np.testing.assert_allclose(log_errors, fit_mfu.held_out_errors(runs), atol=1e-3)
    covered = np.mean(
        [
            row.low <= row.total_flop / (row.published_accelerator_hours * 3600.0 * row.peak_flops) <= row.high
            for row in fitted
        ]
    )
    assert covered == fit_mfu.held_out_coverage(runs)


def test_energies_of_a_token_err_as_the_fit_says() -> None:
    rows = fit_serving.read(fit_serving.RUNS)
    log_errors = np.log([row.measured_j / row.central for row in predicted_serving()])
    np.testing.assert_allclose(log_errors, fit_serving.held_out_errors(rows), atol=1e-3)
    covered = np.mean([row.low <= row.measured_j <= row.high for row in predicted_serving()])
    assert covered == fit_serving.held_out_coverage(rows)
