"""The footprint of a run in a few plain sentences, shared by papers' text, LaTeX and checklists."""

from reports.disclosures import figures
from reports.disclosures.details import DisclosureDetails
from reports.disclosures.facts import Facts
from reports.disclosures.prose import name_of


def paper_sentences(facts: Facts, details: DisclosureDetails) -> list[str]:
    """What was run where, its energy, its emissions by both methods, the hardware, the doubt; not escaped yet."""
    result = facts.result
    operational = figures.mass_range(result.operational_location_based_kgco2e)
    unnamed = "The measured run" if facts.is_only_measured else "The model" if facts.is_training else "The service"
    name = name_of(facts, details) or unnamed
    return [
        f"{name}: {_what(facts, details)}.",
        f"Energy: {figures.energy_range(result.facility_energy_kwh)}, {facts.energy_quality}, "
        f"counting {facts.boundary}.",
        *_runs(facts, details),
        f"Emissions of the electricity: {operational} location-based at "
        f"{figures.number(facts.grid_gco2e_per_kwh)} gCO2e/kWh; market-based: {facts.market_based}.",
        f"Making of the hardware (embodied share), apart from that: {facts.embodied}.",
        *_per_unit(facts),
        f"Ranges are the 5th to the 95th percentile. Figures by {facts.made_with}.",
    ]


def _what(facts: Facts, details: DisclosureDetails) -> str:
    where = details.location or facts.place
    place = f" ({where})" if where else ", place not stated"
    days = (
        f" from {details.period_start} to {details.period_end}" if details.period_start and details.period_end else ""
    )
    hardware = facts.hardware or "hardware not stated"
    if not facts.is_training:
        requests = facts.value("requests_count")
        served = f"{figures.number(requests)} requests served on " if requests else "served on "
        return f"{served}{hardware}{place}{days}"
    hours = facts.final_accelerator_hours
    took = f", {figures.number(hours)} accelerator hours for the final run" if hours else ""
    if hours and details.preliminary_hours:
        took += f" and {figures.number(details.preliminary_hours)} for development"
    elif hours and facts.has_other_runs:
        took += f" and {figures.number(hours * (facts.multiplier - 1))} for all other runs"
    return f"{'run' if facts.is_only_measured else 'trained'} on {hardware}{place}{days}{took}"


def _runs(facts: Facts, details: DisclosureDetails) -> list[str]:
    if facts.is_training and details.preliminary_hours and not facts.has_other_runs:
        hours = figures.number(details.preliminary_hours)
        return [f"This is the final training run only: the {hours} hours of development and failed runs are not in it."]
    return [facts.runs] if facts.runs else []


def _per_unit(facts: Facts) -> list[str]:
    served = facts.result.functional_unit
    if served is None:
        return []
    return [f"One {served.name} takes {facts.per_unit}."]
