"""
Software Carbon Intensity, with the provider's and the consumer's score of SCI for AI.

Rule: Green Software Foundation, Software Carbon Intensity Specification 1.1, published as ISO/IEC 21031:2024; SCI for
AI, draft in public review since November 2025. SCI = (O + M) per R, O = E x I; the sections are those of the
foundation's report. Contracts, certificates and offsets must stay out of it, so no market-based figure is here.
"""

from dataclasses import dataclass
from typing import Final

from estimator.core.footprint import Assumption, gettext_noop
from estimator.core.units import G_PER_KG
from reports.disclosures import figures
from reports.disclosures.details import WHO_AND_WHEN, DisclosureDetails
from reports.disclosures.disclosure import Format, Missing, Written
from reports.disclosures.escapes import markdown
from reports.disclosures.facts import Facts
from reports.disclosures.prose import document, said, table

SCI: Final = "SCI 1.1 (ISO/IEC 21031:2024)"
SCI_FOR_AI: Final = "SCI for AI, sections 6 to 8"
RULE: Final = (
    "Software Carbon Intensity 1.1 of the Green Software Foundation, published as ISO/IEC 21031:2024: SCI = (O + M) "
    "per R, with O = E x I. SCI for AI, in public review since November 2025, keeps a provider's and a consumer's "
    "score apart; they are never added. A score, no inventory: contracts, certificates and offsets are out of it."
)
#: The inputs that the score rests on, in the order of the formula.
COEFFICIENTS: Final = (
    *("mean_system_power_w", "mean_accelerator_power_w", "accelerator_tdp_w", "utilisation", "host_overhead_share"),
    *("idle_share", "pue", "grid_intensity_gco2e_per_kwh", "development_factor", "repeat_count"),
    *("device_embodied_kgco2e", "host_embodied_kgco2e", "lifetime_years", "lifetime_utilisation"),
)
OTHER_RUNS: Final = ("development_factor", "repeat_count")


@dataclass(frozen=True, slots=True)
class Unit:
    """R: what the score is for one of."""

    name: str
    count: float
    shown_per_count: float  #: the score is shown for so many of them, to be readable
    shown_name: str
    why: str


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write the score, its parts, the unit, the coefficients and the methods."""
    unit = _unit(facts, details)
    missing = _missing(facts, details, unit)
    blocks = [
        *_score(facts, unit),
        *_breakdown(facts, unit),
        *_application(facts, details),
        "## Boundary",
        "",
        _boundary(facts),
        "",
        *_functional_unit(unit),
        *_coefficients(facts),
        "## Methodologies",
        "",
        f"- E (energy), {_tag_of_energy(facts)}: {facts.method}, times PUE.",
        "- I (intensity), sourced: average of the grid, location-based, no contracts.",
        "- M (embodied), modeled: emissions of making a device, times the reserved share of its life."
        if facts.result.embodied_share_kgco2e
        else "- M (embodied): unknown.",
        "",
    ]
    content = document(
        "Software Carbon Intensity", rule=RULE, blocks=blocks, missing=missing, facts=facts, details=details
    )
    return Written(content, missing)


def _unit(facts: Facts, details: DisclosureDetails) -> Unit | None:
    given = facts.workload.functional_unit
    if details.functional_unit and details.functional_unit_count:
        return _own_unit(details.functional_unit, details.functional_unit_count)
    if given.name and given.count:
        return _own_unit(given.name, given.count)
    return _provider_unit(facts, details) if facts.is_training else _consumer_unit(facts)


def _own_unit(name: str, count: float) -> Unit:
    return Unit(name, count, 1.0, markdown(name), "chosen by the reporting organisation; what it serves grows with it.")


def _provider_unit(facts: Facts, details: DisclosureDetails) -> Unit | None:
    flop, parameters = facts.final_flop, facts.parameters_count
    units = {
        "training_token": facts.training_tokens
        and Unit(
            "training token",
            facts.training_tokens,
            1e6,
            "million training tokens",
            "one of the three units that SCI for AI allows a provider; tokens seen in the final training (gross), a "
            "repeated one counted each time.",
        ),
        "parameter": parameters
        and Unit(
            "parameter",
            parameters,
            1e9,
            "billion parameters",
            "one of the three units that SCI for AI allows a provider; all parameters (gross), active or not.",
        ),
        "flop": flop
        and Unit(
            "FLOP of the training",
            flop,
            1e15,
            "10^15 FLOP",
            "one of the three units that SCI for AI allows a provider; operations of the architecture (effective), "
            "recomputed activations left out.",
        ),
    }
    if details.provider_unit:
        return units[details.provider_unit] or None
    return next((unit for unit in units.values() if unit), None)


def _consumer_unit(facts: Facts) -> Unit | None:
    if facts.served_tokens:
        why = "SCI for AI follows the billing: language models are billed by tokens read and written."
        return Unit("token", facts.served_tokens, 1e6, "million tokens", why)
    served = facts.result.functional_unit
    if served is None:
        return None
    return Unit(
        served.name,
        served.count,
        1.0,
        markdown(served.name),
        "SCI for AI follows what is billed: here one item served.",
    )


def _score(facts: Facts, unit: Unit | None) -> list[str]:
    score = "provider" if facts.is_training else "consumer"
    lines = ["## SCI", ""]
    if facts.result.embodied_share_kgco2e is None:
        lines.append("**Not stated**: M is unknown, and there is no score without it. O alone stands below.")
    elif unit is None:
        lines.append("**Not stated**: there is no functional unit yet. O and M stand below.")
    else:
        per_unit = _per_unit(facts.result.total_kgco2e.central, unit)
        low, high = (
            _per_unit(value, unit) for value in (facts.result.total_kgco2e.low, facts.result.total_kgco2e.high)
        )
        spread = f" ({figures.rounded(low)} to {figures.rounded(high)})" if high > low else ""
        lines.append(f"**{figures.rounded(per_unit)} gCO2e per {unit.shown_name}**{spread}, {score}'s score.")
    return [*lines, ""]


def _per_unit(kgco2e: float, unit: Unit) -> float:
    return kgco2e * G_PER_KG / unit.count * unit.shown_per_count


def _breakdown(facts: Facts, unit: Unit | None) -> list[str]:
    operational = facts.result.operational_location_based_kgco2e.central
    embodied = facts.result.embodied_share_kgco2e
    rows = [
        (
            "E",
            "energy with the data centre's overhead",
            f"{figures.rounded(facts.result.facility_energy_kwh.central, 4)} kWh",
            "",
        ),
        ("I", "location-based intensity", f"{figures.number(facts.grid_gco2e_per_kwh, 4)} gCO2e/kWh", ""),
        _part("O = E x I", "operational", operational, unit),
        _part("M", "embodied share", embodied.central, unit) if embodied else ("M", "embodied share", "unknown", ""),
    ]
    if embodied:
        rows.append(_part("C = O + M", "all", facts.result.total_kgco2e.central, unit))
    if unit:
        rows.append(("R", markdown(unit.name), f"{figures.number(unit.count, 4)}", ""))
    per = f"gCO2e per {unit.shown_name}" if unit else "per R"
    return ["## Breakdown", "", *table(("Term", "What", "Amount", per), rows)]


def _part(term: str, what: str, kgco2e: float, unit: Unit | None) -> tuple[str, str, str, str]:
    per = figures.rounded(_per_unit(kgco2e, unit)) if unit else ""
    return term, what, f"{figures.rounded(kgco2e * G_PER_KG, 4)} gCO2e", per


def _application(facts: Facts, details: DisclosureDetails) -> list[str]:
    who = "Training of a model (provider)." if facts.is_training else "Serving of a model (consumer)."
    return [
        "## Application",
        "",
        f"- Description: {who} Hardware: {said(facts.hardware)}. Place: {said(details.location or facts.place)}.",
        f"- Accountable organisation: {said(details.organisation)}; contact: {said(details.contact)}.",
        "",
    ]


def _boundary(facts: Facts) -> str:
    what = facts.boundary[:1].upper() + facts.boundary[1:]
    if facts.is_training:
        return (
            f"{what}. {facts.runs} In the provider's boundary and not counted here: work on the data, evaluation, "
            "storage and network beyond the servers, deployment, retirement."
        )
    return (
        f"{what}. In the consumer's boundary and not counted here: gateways, orchestration, storage, network beyond "
        "the servers, devices of the users. Training is the provider's and is not spread over the consumers."
    )


def _functional_unit(unit: Unit | None) -> list[str]:
    if unit is None:
        return ["## Functional unit", "", "Not stated.", ""]
    shown = "" if unit.shown_per_count == 1 else f" Shown per {unit.shown_name} (times {unit.shown_per_count:,.0f})."
    return ["## Functional unit", "", f"R is one {markdown(unit.name)}: {unit.why}{shown}", ""]


def _coefficients(facts: Facts) -> list[str]:
    named = [one for name in COEFFICIENTS if (one := facts.assumption(name)) is not None]
    # That there were no other runs is only told where the user told it.
    known = [one for one in named if one.name not in OTHER_RUNS or one.status != "default"]
    rows = [
        (
            f"`{one.name}`",
            figures.number(one.value, 4),
            "" if one.unit == "1" else one.unit,
            _tag(one),
            _source(facts, one),
        )
        for one in known
    ]
    return ["## Coefficients", "", *table(("Name", "Value", "Unit", "How", "Source"), rows)]


def _tag(one: Assumption) -> str:
    """Sourced, measured or modeled: the three that the foundation's report knows."""
    if one.status == "measured":
        return "measured"
    by_model = one.name == "it_energy_kwh" and one.quality == "modelled"
    return "modeled" if one.status == "default" or by_model else "sourced"


def _source(facts: Facts, one: Assumption) -> str:
    if one.status in {"given", "measured"}:
        return "given by the user"
    cited = [facts.footprint.sources[id_] for id_ in one.source_ids if id_ in facts.footprint.sources]
    names = dict.fromkeys(markdown(f"{source.publisher}: {source.title}") for source in cited)
    return "; ".join(names) or "assumed"


def _tag_of_energy(facts: Facts) -> str:
    return "measured" if facts.footprint.energy_quality == "counter" else "modeled"


def _missing(facts: Facts, details: DisclosureDetails, unit: Unit | None) -> tuple[Missing, ...]:
    wanted = [
        (
            unit is None and facts.is_training,
            "model.training_tokens",
            gettext_noop("A provider's score is per training token, parameter or FLOP: say one of them."),
            SCI_FOR_AI,
        ),
        (
            unit is None,
            "functional_unit_count",
            gettext_noop("A score is per functional unit: say how many of them there were."),
            SCI,
        ),
        (
            facts.result.embodied_share_kgco2e is None,
            "embodied.include",
            gettext_noop("The embodied part must be in the score: name the hardware and let it be counted."),
            SCI,
        ),
        (
            facts.footprint.boundary != "servers",
            "hardware.host_overhead_share",
            gettext_noop("CPUs, memory and network that are reserved belong in the energy."),
            SCI,
        ),
        (
            facts.is_training and not facts.development_is_known,
            "development_factor",
            gettext_noop("A provider counts all training, intermediate runs included: say what they took."),
            SCI_FOR_AI,
        ),
        (not details.organisation, "organisation", gettext_noop("The report names who answers for it."), SCI),
        (not details.contact, "contact", gettext_noop("The report names a contact."), SCI),
        (not details.period_start, "period_start", gettext_noop("The report names the time that it covers."), SCI),
        (not details.period_end, "period_end", gettext_noop("The report names the time that it covers."), SCI),
    ]
    return tuple(Missing(field, why, rule) for is_missing, field, why, rule in wanted if is_missing)


FORMAT: Final = Format(
    name="sci",
    title=gettext_noop("Software Carbon Intensity"),
    summary=gettext_noop(
        "ISO/IEC 21031: electricity by the grid and embodied share per functional unit, with SCI for AI. No contracts."
    ),
    media_type="text/markdown",
    extension="md",
    asks=("functional_unit", "functional_unit_count", "provider_unit", "location", *WHO_AND_WHEN),
    write=write,
)
