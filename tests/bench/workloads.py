"""The run that is timed: BERT base as the site shows it before anything is typed."""

from typing import Any

from estimator.core.inputs import Hardware, Location, Workload

BERT_BASE = Workload(
    title="BERT base",
    activity="training",
    hardware=Hardware(accelerator="nvidia-v100-sxm2-16gb", accelerator_count=64, mean_system_power_w=12_041.51),
    duration_h=79.0,
    location=Location(country="US"),
    pue=1.58,
)
BODY: dict[str, Any] = BERT_BASE.model_dump(mode="json", exclude_defaults=True)
