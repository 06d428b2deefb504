"""Runs to start from: published ones with what their authors reported, and one that is plainly made up."""

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from estimator import services
from estimator.core.inputs import Hardware, Inference, Location, Model, Workload
from estimator.forms import lookups
from estimator.forms.choices import Words
from estimator.forms.workload import WorkloadForm, initial_of


@dataclass(frozen=True, slots=True)
class Example:
    """One run to start from."""

    key: str
    label: Words
    description: Words
    workload: Workload


FIRST: Final = "bert-base"

EXAMPLES: Final[dict[str, Example]] = {
    example.key: example
    for example in (
        Example(
            FIRST,
            _("BERT base"),
            _(
                "BERT base on 64 V100 for 79 hours, with the draw, PUE and grid of Strubell et al. (2019). They "
                "published 652 kg, for the electricity alone."
            ),
            services.EXAMPLE,
        ),
        Example(
            "transformer-big",
            _("Transformer big"),
            _(
                "Transformer big on 8 P100 for 84 hours, with the draw, PUE and grid of Strubell et al. (2019). They "
                "published 87 kg, for the electricity alone."
            ),
            Workload(
                title="Transformer big",
                model=Model(parameters_count=213_000_000),
                hardware=Hardware(
                    accelerator="nvidia-p100-pcie-16gb", accelerator_count=8, mean_system_power_w=1_515.43
                ),
                duration_h=84.0,
                location=Location(country="US"),
                grid_intensity_gco2e_per_kwh=432.7,
                pue=1.58,
            ),
        ),
        Example(
            "bloom",
            _("BLOOM"),
            _(
                "BLOOM on 384 A100 in France, by the accelerator hours of Luccioni et al. (2023). They count 24.7 t "
                "for this electricity and 11.2 t for making the hardware, with their own data."
            ),
            Workload(
                title="BLOOM 176B",
                model=Model(parameters_count=176_247_000_000),
                hardware=Hardware(accelerator="nvidia-a100-sxm4-80gb", accelerator_count=384),
                accelerator_hours=1_082_990.0,
                location=Location(country="FR"),
            ),
        ),
        Example(
            "fine-tuning",
            _("Fine-tuning"),
            _("A made-up run of a usual size: a 7B model tuned on 8 A100 for a day, in Spain."),
            Workload(
                title="Fine-tuning of a 7B model",
                model=Model(parameters_count=7_000_000_000),
                hardware=Hardware(accelerator="nvidia-a100-sxm4-80gb", accelerator_count=8),
                duration_h=24.0,
                location=Location(country="ES"),
            ),
        ),
        Example(
            "chat",
            _("Chat service"),
            _("A made-up service of a usual size: a million requests to Llama 3.1 70B on H100, in France."),
            Workload(
                title="Llama 3.1 70B",
                activity="inference",
                model=Model(preset="llama-3-1-70b", parameters_count=70_550_000_000),
                hardware=Hardware(accelerator="nvidia-h100-sxm5-80gb"),
                location=Location(country="FR"),
                inference=Inference(requests_count=1_000_000, input_tokens=200, output_tokens=400),
            ),
        ),
    )
}

#: What belongs to one machine in one place, and would be wrong for another.
_OF_ONE_MACHINE: Final = (
    "mean_system_power_w",
    "mean_accelerator_power_w",
    "pue",
    "grid_intensity_gco2e_per_kwh",
    "accelerator_hours",
)


def left_behind(form: WorkloadForm, example: Example) -> tuple[str, ...]:
    """
    Fields that still hold what was measured for an example, though the hardware or the place is another one by now.

    Nothing is said while a name is half typed: only a name that the catalogue knows is another one.
    """
    given, workload = example.workload, form.workload
    if workload is None:
        return ()
    accelerator = lookups.accelerator_id(workload.hardware.accelerator or "")
    moved = (
        (accelerator is not None and accelerator != given.hardware.accelerator)
        or workload.hardware.accelerator_count not in (None, given.hardware.accelerator_count)
        or workload.location != given.location
    )
    if not moved:
        return ()
    initial: dict[str, Any] = initial_of(given)
    return tuple(
        name for name in _OF_ONE_MACHINE if initial[name] != "" and form.data.get(name, "").strip() == initial[name]
    )


def is_untouched(form: WorkloadForm, example: Example) -> bool:
    """Whether the form still says what the example says."""
    initial = initial_of(example.workload)
    return all(form[name].value() == initial[name] for name in form.fields)
