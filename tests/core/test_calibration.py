"""What measured runs hand on to the next estimate."""

import pytest

from estimator.core.calibration import Observation, calibration
from estimator.core.inputs import Hardware, Workload


def test_calibration_of_one_run_has_the_range_within_it() -> None:
    found = calibration(accelerator="x", observations=[Observation(250.0, 2.0, low_w=100.0, high_w=300.0)])
    assert (found.mean_accelerator_power_w, found.low_w, found.high_w, found.utilisation) == (250.0, 100.0, 300.0, None)


def test_calibration_becomes_inputs_of_the_next_estimate() -> None:
    found = calibration(accelerator="x", observations=[Observation(250.0, 2.0)], limit_w=400.0)
    workload = found.applied_to(Workload(hardware=Hardware(accelerator="x", utilisation=0.9), duration_h=3.0))
    assert workload.hardware.mean_accelerator_power_w == 250.0
    assert workload.hardware.utilisation is None and workload.duration_h == 3.0


def test_calibration_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="observation"):
        calibration(accelerator="x", observations=[])
