"""
A model card of the Hugging Face Hub: the `co2_eq_emissions` of its YAML, and the section on environmental impact.

Rule: Hub documentation, "Displaying carbon emissions for your model" (grams; location-based emissions of the training)
and the template of the model card. The value is a plain decimal, because the Hub's client reads the first number that
it finds: neither separators nor exponents survive.
"""

from typing import Final

from estimator.core.footprint import gettext_noop
from estimator.core.units import G_PER_KG
from reports.disclosures import figures
from reports.disclosures.details import DisclosureDetails
from reports.disclosures.disclosure import Format, Missing, Written
from reports.disclosures.escapes import markdown, yaml
from reports.disclosures.facts import Facts
from reports.disclosures.prose import said

HUB: Final = "Hugging Face Hub, model card, co2_eq_emissions"


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write the metadata, where there is a training to tell of, and the text."""
    lines = [*_metadata(facts, details), *_text(facts, details), ""]
    return Written("\n".join(lines), _missing(facts, details))


def emissions_g(facts: Facts) -> str:
    """Grams as the Hub's client reads them; whole ones where there are many."""
    grams = facts.final_location_based_kgco2e * G_PER_KG
    return figures.plain(round(grams) if grams >= 1000 else float(f"{grams:.4g}"))


def _training_type(facts: Facts, details: DisclosureDetails) -> str:
    return details.training_type or ("fine-tuning" if facts.is_fine_tuning else "")


def _metadata(facts: Facts, details: DisclosureDetails) -> list[str]:
    if not facts.is_training or facts.final_location_based_kgco2e <= 0:
        return []
    fields = {
        "emissions": emissions_g(facts),
        "source": yaml(_source(facts)),
        "training_type": yaml(_training_type(facts, details)) if _training_type(facts, details) else "",
        "geographical_location": yaml(details.location or facts.place) if details.location or facts.place else "",
        "hardware_used": yaml(_hardware(facts)) if _hardware(facts) else "",
    }
    return [
        "---",
        "co2_eq_emissions:",
        *(f"  {name}: {value}" for name, value in fields.items() if value),
        "---",
        "",
    ]


def _source(facts: Facts) -> str:
    embodied, other = facts.result.embodied_share_kgco2e, _other_runs_kgco2e(facts)
    left_out = ["embodied " + (figures.mass(embodied.central / facts.multiplier) if embodied else "unknown")]
    if facts.has_other_runs:
        left_out.append(f"development and repeated runs {figures.mass(other)}")
    elif not facts.development_is_known:
        left_out.append("development runs unknown")
    return (
        f"Wattprint {facts.footprint.engine_version}; energy {facts.energy_quality}; operational location-based, "
        f"PUE {figures.number(facts.pue)}, final run; not included: {', '.join(left_out)}"
    )


def _other_runs_kgco2e(facts: Facts) -> float:
    return facts.result.operational_location_based_kgco2e.central - facts.final_location_based_kgco2e


def _hardware(facts: Facts) -> str:
    hours = facts.final_accelerator_hours
    parts = [facts.hardware, f"{figures.number(hours)} accelerator hours" if hours else ""]
    return ", ".join(part for part in parts if part)


def _text(facts: Facts, details: DisclosureDetails) -> list[str]:
    location = facts.workload.location
    hours = facts.final_accelerator_hours if facts.is_training else facts.result.accelerator_hours
    hours_h = hours if isinstance(hours, float) or hours is None else hours.central
    lines = [
        "## Environmental Impact",
        "",
        f"- **Hardware Type:** {said(facts.hardware)}",
        f"- **Hours used:** {f'{figures.number(hours_h)} accelerator hours' if hours_h else 'unknown'}",
        f"- **Cloud Provider:** {said(location.provider or '')}",
        f"- **Compute Region:** {said(details.location or facts.place)}",
    ]
    if facts.is_training:
        lines.append(
            f"- **Carbon Emitted:** {emissions_g(facts)} g CO2eq "
            f"({figures.mass(facts.final_location_based_kgco2e)}; electricity of the final training run, "
            "location-based)"
        )
    else:
        lines.append("- **Carbon Emitted:** of the training unknown; these figures are of serving the model")
    served = facts.result.functional_unit
    lines += [
        "",
        f"Energy: {figures.energy_range(facts.result.facility_energy_kwh)}, {facts.energy_quality}, counting "
        f"{facts.boundary}. {facts.runs}".rstrip(),
        "",
        "Emissions of the electricity, location-based: "
        f"{figures.mass_range(facts.result.operational_location_based_kgco2e)} at {markdown(facts.grid_note)}. "
        f"Market-based: {facts.market_based}. Making of the hardware (embodied share), apart from both: "
        f"{facts.embodied}.",
    ]
    if served is not None:
        lines += ["", f"Per {markdown(served.name)}: {facts.per_unit}."]
    return [*lines, "", f"Figures by {facts.made_with}; ranges are the 5th to the 95th percentile."]


def _missing(facts: Facts, details: DisclosureDetails) -> tuple[Missing, ...]:
    wanted = [
        (
            not facts.is_training,
            "activity",
            gettext_noop("The card's metadata are those of the training: estimate that too."),
        ),
        (
            facts.is_training and not _training_type(facts, details),
            "training_type",
            gettext_noop("The card says whether a model was trained anew or tuned."),
        ),
        (
            not (details.location or facts.place),
            "location",
            gettext_noop("The card says where, as finely as you may publish it."),
        ),
        (not facts.hardware, "hardware.accelerator", gettext_noop("The card names the hardware and its number.")),
    ]
    return tuple(Missing(field, why, HUB) for is_missing, field, why in wanted if is_missing)


FORMAT: Final = Format(
    name="model-card",
    title=gettext_noop("Model card"),
    summary=gettext_noop(
        "The block co2_eq_emissions and the text for the Hugging Face Hub. Grams, location-based, final training run."
    ),
    media_type="text/markdown",
    extension="md",
    asks=("training_type", "location"),
    write=write,
)
