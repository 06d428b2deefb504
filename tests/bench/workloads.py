"""The run that is timed: BERT base as the site shows it before anything is typed."""

from typing import Any

from estimator.core.inputs import Hardware, Inference, Location, Model, Workload

BERT_BASE = Workload(
    title="BERT base",
    activity="training",
    hardware=Hardware(accelerator="nvidia-v100-sxm2-16gb", accelerator_count=64, mean_system_power_w=12_041.51),
    duration_h=79.0,
    location=Location(country="US"),
    pue=1.58,
)
BODY: dict[str, Any] = BERT_BASE.model_dump(mode="json", exclude_defaults=True)
#: A chat service, as the form offers one to start from.
CHAT = Workload(
    title="Llama 3.1 70B",
    activity="inference",
    model=Model(preset="llama-3-1-70b"),
    hardware=Hardware(accelerator="nvidia-h100-sxm5-80gb"),
    location=Location(country="FR"),
    inference=Inference(requests_count=1_000_000, input_tokens=200, output_tokens=400),
)
