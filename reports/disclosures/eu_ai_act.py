"""
EU AI Act: compute, time and energy of the training, with the roundings of the Model Documentation Form.

Rule: Regulation (EU) 2024/1689, Annex XI, section 1, point 2(d) and (e); Model Documentation Form of the Code of
Practice for general-purpose AI models (July 2025), items on compute and energy; the Commission's guidelines for
providers of such models (2025), sections 2 and 3 and annex, for what counts as compute and for the thresholds.
"""

from typing import Final

from estimator.core.footprint import gettext_noop
from reports.disclosures import figures
from reports.disclosures.details import WHO_AND_WHEN, DisclosureDetails
from reports.disclosures.disclosure import Format, Missing, Written
from reports.disclosures.escapes import markdown
from reports.disclosures.facts import HOURS_PER_DAY, Facts
from reports.disclosures.prose import document, said, table

DAYS_PER_MONTH: Final = 365.25 / 12
KWH_PER_MWH: Final = 1e3
#: Compute above which a model that generates text, speech, images or video is taken to be general-purpose, and above
#: which systemic risk is presumed. [FLOP]
GENERAL_PURPOSE_FLOP: Final = 1e23
SYSTEMIC_RISK_FLOP: Final = 1e25
#: Who changes a model becomes its provider from this share of the original's compute on.
MODIFIER_SHARE: Final = 1 / 3
#: A device-day outside of these draws nothing that a device draws. [kW]
PLAUSIBLE_KW: Final = (0.3, 3.0)

FORM: Final = "Model Documentation Form"
ANNEX_D: Final = "Annex XI, section 1, point 2(d)"
ANNEX_E: Final = "Annex XI, section 1, point 2(e)"
RULE: Final = (
    "Regulation (EU) 2024/1689 (AI Act), Annex XI, section 1, point 2(d) and (e), in the units and roundings of the "
    "Model Documentation Form of the Code of Practice for general-purpose AI models (July 2025). Each item goes to the "
    "AI Office and the national competent authorities on request; downstream providers get none of them."
)
UNKNOWN: Final = "unknown"
NO_TRAINING: Final = "Unknown: the run reported here is one of inference, not of training."


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write the items of the form, the methods, the thresholds and the checks."""
    missing = _missing(facts, details)
    parameters = facts.parameters_count
    blocks = [
        "## Items of the form",
        "",
        *table(("Item", "For national competent authorities", "For the AI Office"), _items(facts, details)),
        "The order of magnitude is the exponent of the figure in scientific notation. "
        f"Parameters: {figures.scientific(parameters) if parameters else UNKNOWN}. "
        f"Model dependencies: {said(details.base_model)}.",
        "",
        *_compute_method(facts, details),
        *_energy_method(facts, details),
        *_thresholds(facts, details),
        *_checks(facts),
        *_beside_the_form(facts),
    ]
    title = "EU AI Act: compute, time and energy of training"
    content = document(title, rule=RULE, blocks=blocks, missing=missing, facts=facts, details=details)
    return Written(content, missing)


def training_time_range(days: float) -> str:
    """The range that national authorities are told."""
    months = days / DAYS_PER_MONTH
    if months < 1:
        return "less than 1 month"
    if months <= 3:
        return "1 to 3 months"
    return "3 to 6 months" if months <= 6 else "more than 6 months"


def _items(facts: Facts, details: DisclosureDetails) -> list[tuple[str, str, str]]:
    hours = facts.duration_h if facts.is_training else None
    device_hours = facts.final_accelerator_hours if facts.is_training else None
    flop = facts.final_flop if facts.is_training else None
    days = hours / HOURS_PER_DAY if hours else None
    device = markdown(facts.accelerator_name or "accelerator")
    energy = f"{figures.significant(facts.final_facility_kwh / KWH_PER_MWH, 2)} MWh, {facts.energy_quality}"
    if not facts.is_training:
        energy = UNKNOWN
    benchmark = _benchmark_flop(facts, details)
    return [
        (
            "Training time (wall clock)",
            training_time_range(days) if days else UNKNOWN,
            f"{figures.scientific(days)} days" if days else UNKNOWN,
        ),
        (
            "Training time (hardware)",
            "not asked for",
            f"{figures.scientific(device_hours / HOURS_PER_DAY)} {device} days" if device_hours else UNKNOWN,
        ),
        (
            "Compute used for training",
            f"{figures.order_of_magnitude(flop)} FLOP" if flop else UNKNOWN,
            f"{figures.scientific(flop)} FLOP" if flop else UNKNOWN,
        ),
        ("Energy used for training", energy, energy),
        (
            "Benchmarked compute of inference",
            f"{figures.scientific(benchmark)} FLOP" if benchmark else UNKNOWN,
            f"{figures.scientific(benchmark)} FLOP" if benchmark else UNKNOWN,
        ),
        (
            "Benchmark of inference",
            _benchmark(facts, details),
            _benchmark(facts, details),
        ),
    ]


def _benchmark_flop(facts: Facts, details: DisclosureDetails) -> float | None:
    """Two operations a parameter and token of the benchmark that the user chose."""
    if details.benchmark_tokens is None or facts.active_parameters_count is None:
        return None
    return 2 * facts.active_parameters_count * details.benchmark_tokens


def _benchmark(facts: Facts, details: DisclosureDetails) -> str:
    if details.benchmark_tokens is None:
        return UNKNOWN
    hardware = markdown(details.benchmark_hardware) or "hardware not stated"
    return f"{figures.number(details.benchmark_tokens)} tokens, 2 FLOP per active parameter and token; {hardware}"


def _compute_method(facts: Facts, details: DisclosureDetails) -> list[str]:
    if not facts.is_training:
        return ["## How the compute was determined", "", NO_TRAINING, ""]
    sentences = [
        "In the absence of a delegated act on methods of measurement (Article 53(5)), the compute was estimated as "
        "follows; all operations count alike, whatever their number format."
    ]
    flop = facts.final_flop
    if flop is None:
        inputs = {"parameters": facts.parameters_count, "tokens of the training": facts.training_tokens}
        unstated = " and ".join(name for name, count in inputs.items() if count is None) or "speed of the hardware"
        sentences.append(f"It is unknown: not stated are the {unstated}.")
    else:
        steps = {step.name: step for step in facts.footprint.steps}
        step = steps.get("final_run_total_flop") or steps.get("total_flop")
        how = f"`{step.formula}`" if step else "as stated"
        sentences.append(f"From the architecture: {how} = {figures.scientific(flop, 3)} FLOP.")
    if flop is not None and facts.result.mfu is not None:
        basis = "assumed" if facts.footprint.method == "training_flop" else "that follows from the hours"
        sentences.append(
            f"Model FLOP utilisation {basis}: {figures.number(facts.result.mfu.central)} of the dense peak of the "
            "hardware, so that the hours and the operations are not two independent figures."
        )
    if flop is not None:
        sentences.append(
            f"{facts.runs} The items above are those of the final run. Recomputed activations, evaluation and failed "
            "experiments need not be counted and are not."
        )
    if details.synthetic_data_flop:
        sentences.append(f"Synthetic data of our own took {figures.scientific(details.synthetic_data_flop)} FLOP more.")
    return ["## How the compute was determined", "", " ".join(sentences), ""]


def _energy_method(facts: Facts, details: DisclosureDetails) -> list[str]:
    lines = ["## How the energy was determined", ""]
    if not facts.is_training:
        return [*lines, NO_TRAINING, ""]
    text = (
        f"The energy of the final training run was {facts.energy_quality}, by {facts.method}. "
        f"It counts {facts.boundary}. The form does not say whether accelerators, servers or the facility are meant: "
        f"the facility is reported; before the data centre's overhead it is "
        f"{figures.significant(facts.final_it_kwh / KWH_PER_MWH, 2)} MWh. "
        f"With its uncertainty the figure lies between {_final(facts, 'low')} and {_final(facts, 'high')} MWh "
        "(5th to 95th percentile)."
    )
    if facts.has_other_runs:
        other_kwh = facts.result.facility_energy_kwh.central - facts.final_facility_kwh
        text += (
            f" Development runs and repetitions took {figures.significant(other_kwh / KWH_PER_MWH, 2)} MWh more, "
            "which are not included."
        )
    elif not facts.development_is_known:
        text += " Development runs are not included and their energy is unknown."
    if details.withheld:
        text += f" Withheld by a provider of compute or hardware: {markdown(details.withheld)}."
    return [*lines, text, ""]


def _final(facts: Facts, end: str) -> str:
    kwh = getattr(facts.result.facility_energy_kwh, end) / facts.multiplier
    return figures.significant(kwh / KWH_PER_MWH, 2)


def _thresholds(facts: Facts, details: DisclosureDetails) -> list[str]:
    lines = ["## Thresholds", ""]
    flop = facts.final_flop if facts.is_training else None
    if flop is None:
        return [*lines, "Not checked: the compute of the training is unknown.", ""]
    # Below systemic risk only what updates parameters counts; for the threshold of it, synthetic data too.
    own_flop = flop + (details.synthetic_data_flop or 0.0)
    updating_flop = flop + (details.base_model_flop or 0.0)
    cumulative_flop = own_flop + (details.base_model_flop or 0.0)
    builds_on = bool(details.base_model) or facts.is_fine_tuning
    note = (
        "; the compute of the model that it builds on is unknown and not in it"
        if (builds_on and details.base_model_flop is None)
        else ""
    )
    lines += [
        f"- General-purpose model, indicated above 10^23 FLOP if it generates text, speech, images or video: "
        f"{_above(updating_flop, GENERAL_PURPOSE_FLOP)} ({figures.scientific(updating_flop)} FLOP{note}).",
        f"- Systemic risk, presumed above 10^25 FLOP cumulatively: {_above(cumulative_flop, SYSTEMIC_RISK_FLOP)}"
        f" ({figures.scientific(cumulative_flop)} FLOP{note}).",
    ]
    if builds_on:
        if details.base_model_flop:
            limit_flop, of = details.base_model_flop * MODIFIER_SHARE, "a third of the original's compute"
        else:
            whole = SYSTEMIC_RISK_FLOP if details.systemic_risk == "yes" else GENERAL_PURPOSE_FLOP
            limit_flop, of = whole * MODIFIER_SHARE, "a third of the threshold, as the original's compute is unknown"
        lines.append(
            f"- Who changes a model becomes its provider, for the change only, above {figures.scientific(limit_flop)} "
            f"FLOP ({of}): {_above(own_flop, limit_flop)}."
        )
    if details.role == "open_source_provider":
        lines.append(
            "- Models under a free and open licence without systemic risk are exempt from this documentation "
            "(Article 53(2))."
        )
    return [*lines, "", "Indications of the Commission's guidelines (2025), no legal advice.", ""]


def _above(flop: float, threshold_flop: float) -> str:
    return "above" if flop > threshold_flop else "not above"


def _checks(facts: Facts) -> list[str]:
    hours, device_hours = facts.duration_h, facts.final_accelerator_hours
    if not facts.is_training or not device_hours:
        return []
    kw = facts.final_facility_kwh / device_hours
    low, high = PLAUSIBLE_KW
    lines = ["## Checks", ""]
    if hours:
        fits = "as it must be" if device_hours >= hours * (1 - 1e-9) else "which cannot be"
        lines.append(f"- Hardware days over wall-clock days: {figures.number(device_hours / hours)}, {fits}.")
    lines.append(
        f"- Energy over hardware time: {figures.number(kw)} kW a device, "
        f"{'plausible' if low <= kw <= high else 'outside of the usual'} ({low:g} to {high:g} kW)."
    )
    return [*lines, ""]


def _beside_the_form(facts: Facts) -> list[str]:
    return [
        "## What the form does not ask for",
        "",
        "Emissions of the electricity, location-based: "
        f"{figures.mass_range(facts.result.operational_location_based_kgco2e)}; "
        f"market-based: {facts.market_based}; making of the hardware (embodied), apart from both: {facts.embodied}. "
        + (
            "These three are of all runs counted, not of the final run alone."
            if facts.is_training
            else "These three are of serving the model."
        ),
        "",
    ]


def _missing(facts: Facts, details: DisclosureDetails) -> tuple[Missing, ...]:
    wanted = [
        (
            not details.role,
            "role",
            gettext_noop("Only providers of general-purpose models owe this form."),
            "Article 53",
        ),
        (
            not facts.is_training,
            "activity",
            gettext_noop("The items on training need an estimate of the training."),
            ANNEX_D,
        ),
        (
            facts.is_training and facts.duration_h is None,
            "duration_h",
            gettext_noop("The time of the training is asked for."),
            ANNEX_D,
        ),
        (
            facts.is_training and facts.final_accelerator_hours is None,
            "hardware.accelerator_count",
            gettext_noop("The AI Office is told hardware days."),
            FORM,
        ),
        (
            facts.is_training and facts.final_flop is None,
            "model.training_tokens",
            gettext_noop("The operations follow from parameters and training tokens."),
            ANNEX_D,
        ),
        (
            facts.is_training and not facts.development_is_known,
            "development_factor",
            gettext_noop("Say what development and failed runs took, were it nothing."),
            ANNEX_E,
        ),
        (
            details.benchmark_tokens is None,
            "benchmark_tokens",
            gettext_noop("Inference is told as the operations of a benchmark of your choice."),
            FORM,
        ),
        (
            not details.benchmark_hardware,
            "benchmark_hardware",
            gettext_noop("The benchmark names the hardware that it ran on."),
            FORM,
        ),
        (
            facts.active_parameters_count is None,
            "model.parameters_count",
            gettext_noop("The operations of inference follow from the parameters."),
            FORM,
        ),
        (
            facts.is_fine_tuning and not details.base_model,
            "base_model",
            gettext_noop("A changed model names the one that it builds on."),
            FORM,
        ),
        (
            (facts.is_fine_tuning or bool(details.base_model)) and details.base_model_flop is None,
            "base_model_flop",
            gettext_noop("Whether you become a provider depends on the compute of the original."),
            "Commission guidelines, section 3.2",
        ),
        (
            not details.systemic_risk,
            "systemic_risk",
            gettext_noop("Exemptions and thresholds depend on it."),
            "Article 51",
        ),
    ]
    return tuple(Missing(field, why, rule) for is_missing, field, why, rule in wanted if is_missing)


FORMAT: Final = Format(
    name="eu-ai-act",
    title=gettext_noop("EU AI Act, Annex XI"),
    summary=gettext_noop(
        "Compute, time and energy of a training as the Model Documentation Form wants them. Final run, whole facility."
    ),
    media_type="text/markdown",
    extension="md",
    asks=(
        *("role", "systemic_risk", "base_model", "base_model_flop", "synthetic_data_flop"),
        *("benchmark_tokens", "benchmark_hardware", "withheld"),
        *WHO_AND_WHEN,
    ),
    write=write,
)
