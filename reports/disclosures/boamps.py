"""
BoAmps: energy of one task as JSON, for the open data set of Boavizta.

Rule: the model of github.com/Boavizta/BoAmps (report, algorithm, dataset, measure, hardware; version 1.1).
It has no field for emissions, PUE or the hardware's making: the energy is that of the servers before PUE, of the final
run, and PUE stands in the description.
"""

from typing import Any, Final

from estimator.core.footprint import gettext_noop
from reports.disclosures import figures
from reports.disclosures.details import DisclosureDetails
from reports.disclosures.disclosure import Format, Missing, Written
from reports.disclosures.escapes import json_text
from reports.disclosures.facts import Facts

BOAMPS: Final = "BoAmps report_schema"
#: What examples and other tools write; the receiver may ask for another.
FORMAT_VERSION: Final = "0.1"
PARAMETERS_PER_BILLION: Final = 1e9
SECONDS_PER_HOUR: Final = 3600.0
#: What the format calls medium: within 25 %.
MEDIUM_ERROR: Final = 0.25
UNKNOWN: Final = "unknown"


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write the report; what the schema requires and nobody said is `unknown` or `other`."""
    missing = _missing(facts, details)
    report: dict[str, Any] = {
        "header": _header(details, is_final=not missing),
        "task": _task(facts, details),
        "measures": _measures(facts, details),
        "infrastructure": _infrastructure(facts, details),
    }
    if facts.place:
        report["environment"] = {
            "country": facts.iso3 or facts.place,
            "powerSourceCarbonIntensity": figures.exact(facts.grid_gco2e_per_kwh),
        }
        # Finer than the country, or not at all.
        location = details.location or (facts.place if facts.place != facts.country else "")
        if location:
            report["environment"]["location"] = location
    report["quality"] = _quality(facts)
    if not details.made_at:
        del report["header"]
    return Written(json_text(report), missing)


def _quality(facts: Facts) -> str:
    """High only where it was metered; else by how far the energy may be off."""
    if facts.footprint.energy_quality == "counter" or facts.footprint.is_metered:
        return "high"
    amount = facts.result.it_energy_kwh
    has_range = amount.high > amount.low
    error = max(amount.high - amount.central, amount.central - amount.low) / amount.central
    return "medium" if has_range and error <= MEDIUM_ERROR else "low"


def _header(details: DisclosureDetails, *, is_final: bool) -> dict[str, Any]:
    header: dict[str, Any] = {
        "formatVersion": FORMAT_VERSION,
        "reportId": details.run_id or None,
        "reportDatetime": details.made_at,
        "reportStatus": "final" if is_final else "draft",
    }
    if details.confidentiality:
        header["publisher"] = {"name": details.organisation or None, "confidentialityLevel": details.confidentiality}
        header["publisher"] = {key: value for key, value in header["publisher"].items() if value}
    return {key: value for key, value in header.items() if value}


def _stage(facts: Facts, details: DisclosureDetails) -> str:
    if not facts.is_training:
        return "inference"
    return "finetuning" if facts.is_fine_tuning or details.training_type == "fine-tuning" else "training"


def _task(facts: Facts, details: DisclosureDetails) -> dict[str, Any]:
    parameters = facts.parameters_count
    # What runs as it was found is named as a foundation model only; a run's title is no name of a model that is served.
    served = details.model_name or facts.workload.model.preset
    algorithm: dict[str, Any] = {
        "algorithmName": (details.model_name or facts.title or None) if facts.is_training else None,
        "foundationModelName": details.base_model or (None if facts.is_training else served) or None,
        "parametersNumber": figures.exact(parameters / PARAMETERS_PER_BILLION) if parameters else None,
        "optimizer": facts.workload.model.training_kind if facts.is_fine_tuning else None,
        "quantization": facts.workload.inference.precision or facts.workload.model.training_precision,
    }
    task: dict[str, Any] = {
        "taskStage": _stage(facts, details),
        "taskFamily": details.task_family or facts.workload.inference.task or UNKNOWN,
        "algorithms": [{key: value for key, value in algorithm.items() if value is not None}],
        "dataset": _dataset(facts, details),
        "taskDescription": (
            f"Energy before the data centre's overhead; PUE {figures.number(facts.pue)} would be multiplied onto it. "
            f"{facts.runs} Reported here is {'the final run' if facts.is_training else 'the service'}. "
            f"Not part of this format{', and of all runs' if facts.has_other_runs else ''}: emissions location-based "
            f"{figures.mass(facts.result.operational_location_based_kgco2e.central)}, "
            f"market-based {facts.market_based}, "
            f"embodied share {facts.embodied}. Figures by {facts.made_with}."
        ),
    }
    requests = facts.value("requests_count")
    if not facts.is_training and requests:
        task["nbRequest"] = figures.exact(requests)
    return task


def _dataset(facts: Facts, details: DisclosureDetails) -> list[dict[str, Any]]:
    if facts.is_training:
        tokens = facts.training_tokens
        data: dict[str, Any] = {"dataUsage": "input", "dataType": details.data_type or ("token" if tokens else "other")}
        if tokens and data["dataType"] == "token":
            data["dataQuantity"] = figures.exact(tokens)
        return [data]
    sizes = {"input": facts.value("input_tokens"), "output": facts.value("output_tokens")}
    known = [
        {"dataUsage": usage, "dataType": "token", "dataQuantity": figures.exact(count)}
        for usage, count in sizes.items()
        if count is not None
    ]
    return known or [{"dataUsage": "input", "dataType": details.data_type or "other"}]


def _measures(facts: Facts, details: DisclosureDetails) -> list[dict[str, Any]]:
    it_kwh, accelerator = facts.final_it_kwh, facts.of_final_run(facts.result.accelerator_energy_kwh)
    method = f"Wattprint, {facts.energy_quality}: {facts.method}"
    if accelerator is None:
        parts = [("whole servers", it_kwh)]
    else:
        parts = [("accelerators", accelerator)]
        if it_kwh - accelerator > 1e-9 * it_kwh:
            parts.append(("rest of the servers", it_kwh - accelerator))
    duration_h = facts.duration_h
    return [
        {
            "measurementMethod": f"{method}; {name}",
            "version": facts.footprint.engine_version,
            "powerConsumption": figures.exact(kwh),
            **({"measurementDuration": figures.exact(duration_h * SECONDS_PER_HOUR)} if duration_h else {}),
            **({"measurementDateTime": f"{details.period_start} 00:00:00"} if details.period_start else {}),
        }
        for name, kwh in parts
    ]


def _infrastructure(facts: Facts, details: DisclosureDetails) -> dict[str, Any]:
    provider = facts.workload.location.provider
    hardware = facts.workload.hardware
    components = []
    if facts.accelerator_name:
        components.append(
            {
                "componentName": facts.accelerator_name,
                "componentType": "gpu",
                "nbComponent": max(round(facts.accelerator_count or 1), 1),
            }
        )
    if hardware.cpu and hardware.cpu_count:
        components.append({"componentName": hardware.cpu, "componentType": "cpu", "nbComponent": hardware.cpu_count})
    infrastructure: dict[str, Any] = {"infraType": details.infrastructure or ("publicCloud" if provider else "other")}
    if provider:
        infrastructure["cloudProvider"] = provider
    infrastructure["components"] = components or [{"componentType": UNKNOWN, "nbComponent": 1}]
    return infrastructure


def _missing(facts: Facts, details: DisclosureDetails) -> tuple[Missing, ...]:
    wanted = [
        (
            not (details.task_family or facts.workload.inference.task),
            "task_family",
            gettext_noop("The family of the task is required; until it is said it stands as unknown."),
        ),
        (
            facts.is_training and not (details.data_type or facts.training_tokens),
            "data_type",
            gettext_noop("The kind of data is required; until it is said it stands as other."),
        ),
        (
            not (details.infrastructure or facts.workload.location.provider),
            "infrastructure",
            gettext_noop("The kind of infrastructure is required; until it is said it stands as other."),
        ),
        (
            not details.confidentiality,
            "confidentiality",
            gettext_noop("A report that names its publisher says who may read it."),
        ),
        (not details.organisation, "organisation", gettext_noop("The open data set names who publishes.")),
        (not facts.accelerator_name, "hardware.accelerator", gettext_noop("At least one component is required.")),
        (
            bool(facts.accelerator_name) and not facts.accelerator_count,
            "hardware.accelerator_count",
            gettext_noop("The number of each component is required; until it is said it stands as one."),
        ),
        (not facts.place, "location.country", gettext_noop("The environment needs a country.")),
    ]
    return tuple(Missing(field, why, BOAMPS) for is_missing, field, why in wanted if is_missing)


FORMAT: Final = Format(
    name="boamps",
    title="BoAmps",
    summary=gettext_noop("JSON for the open data set of Boavizta: energy of the servers before PUE, final run."),
    media_type="application/json",
    extension="json",
    asks=(
        *("task_family", "data_type", "infrastructure", "confidentiality", "organisation", "model_name", "base_model"),
        *("training_type", "location", "period_start"),
    ),
    write=write,
)
