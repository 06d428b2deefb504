"""
GHG Protocol: scope 2 by both methods, and where the rest belongs in scope 3.

Rule: GHG Protocol Scope 2 Guidance (2015), dual reporting in its chapter 6 and the order of factors of the
market-based method; Scope 3 Standard, categories 1, 2, 3, 8 and 11; ESRS E1-6 (Regulation (EU) 2023/2772).
"""

from typing import Final

from estimator.core.footprint import gettext_noop
from reports.disclosures import figures
from reports.disclosures.details import QUESTIONS, WHO_AND_WHEN, DisclosureDetails
from reports.disclosures.disclosure import Format, Missing, Written
from reports.disclosures.escapes import markdown
from reports.disclosures.facts import Facts
from reports.disclosures.prose import document, table

KG_PER_T: Final = 1e3
SCOPE_2: Final = "Scope 2 Guidance, chapter 6"
SCOPE_3: Final = "Scope 3 Standard"
#: Where ESRS E1-6 of 2023 wants each figure; the standard revised in 2026 renumbers it.
ESRS_POINTS: Final = {"location": "E1-6, 49(a)", "market": "E1-6, 49(b)", "scope_3": "E1-6, 51"}
#: Where the electricity is somebody else's scope 2.
ELSEWHERE: Final = ("cloud", "customer")
RULE: Final = (
    "GHG Protocol Scope 2 Guidance (2015): where contracts for electricity exist, both totals are reported, each named "
    "by its method. Scope 3 Standard for the rest. No offsets or removals are in any figure. This is one line of a "
    "yearly inventory, not the inventory."
)
#: Who controls the machines -> electricity, making of the hardware, fuel supply and losses of the grid.
CASES: Final = {
    "own": (
        "Scope 2, both methods",
        "Scope 3, category 2: whole devices in the year bought, not the share below",
        "Scope 3, category 3",
    ),
    "colocation": ("Scope 2, both methods", "Scope 3, category 2 for own servers, as above", "Scope 3, category 3"),
    "cloud": (
        "Scope 3, category 1; it is scope 2 of the provider",
        "Scope 3, category 1, inside what was bought",
        "Scope 3, category 1, inside what was bought",
    ),
    "customer": ("Scope 3, category 11 (indirect use phase)", "not yours", "not yours"),
}


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write both totals of scope 2 and the note on scope 3."""
    missing = _missing(facts, details)
    year = figures.plain(details.reporting_year) if details.reporting_year else "not stated"
    blocks = [
        f"Reporting year: {year}. An inventory holds all runs. In the figures here: {_runs(facts)}",
        "",
        "## Electricity by both methods",
        "",
        *table(("Quantity", "Location-based", "Market-based"), _dual_rows(facts, details)),
        f"Energy counted: {facts.boundary}; {facts.energy_quality}.",
        "",
        f"Factor of the grid: {markdown(facts.grid_note)}.",
        *_basis_note(facts),
        *_market_note(facts, details),
        "Gases and their warming potentials are those of the sources of the factors; that they are the latest of the "
        "IPCC over 100 years (ESRS E1-6, AR 39) is for you to check there. Biogenic CO2, which is told apart: unknown.",
        "",
        "## Where each figure belongs",
        "",
        *_belongs(details),
        *_scope_3_note(facts, details),
    ]
    title = "GHG Protocol: scope 2 by both methods, and scope 3"
    content = document(title, rule=RULE, blocks=blocks, missing=missing, facts=facts, details=details)
    return Written(content, missing)


def _runs(facts: Facts) -> str:
    return f"{facts.runs[:1].lower()}{facts.runs[1:]}" if facts.runs else "the service as a whole."


def _dual_rows(facts: Facts, details: DisclosureDetails) -> list[tuple[str, str, str]]:
    kwh = facts.result.facility_energy_kwh.central
    market = facts.result.operational_market_based_kgco2e
    unknown = "unknown"
    points = (ESRS_POINTS["location"], ESRS_POINTS["market"])
    if details.site_control in ELSEWHERE:
        points = (ESRS_POINTS["scope_3"], ESRS_POINTS["scope_3"])
    contracted = facts.value("contracted_share")
    certificates = facts.value("certificates_share") or 0.0
    rows = [("Electricity of the facility", _mwh(kwh), _mwh(kwh))]
    if market is not None and contracted is not None:
        contract = facts.value("contract_intensity_gco2e_per_kwh") or 0.0
        residual = facts.value("residual_intensity_gco2e_per_kwh")
        rest = max(1.0 - contracted - certificates, 0.0)
        rest_factor = figures.number(facts.grid_gco2e_per_kwh if residual is None else residual)
        rest_name = "grid average" if residual is None else "residual mix"
        rows.append(_covered("under contract", kwh, contracted, f"{figures.number(contract)} gCO2e/kWh"))
        if certificates:
            rows.append(_covered("covered by certificates", kwh, certificates, "0 gCO2e/kWh"))
        rows.append(_covered("not covered", kwh, rest, f"{rest_factor} gCO2e/kWh ({rest_name})"))
    rows += [
        (
            "**Emissions**",
            f"**{_tonnes(facts.result.operational_location_based_kgco2e.central)}**",
            f"**{_tonnes(market.central)}**" if market else f"**{unknown}**",
        ),
        (
            "Range",
            _range(
                facts.result.operational_location_based_kgco2e.low, facts.result.operational_location_based_kgco2e.high
            ),
            _range(market.low, market.high) if market else unknown,
        ),
        ("Point of ESRS", *points),
    ]
    return rows


def _covered(how: str, kwh: float, share: float, factor: str) -> tuple[str, str, str]:
    """A part of the electricity, with its share, which ESRS asks for too."""
    return f"of it {how}", "", f"{_mwh(kwh * share)} ({figures.number(100 * share)} %) at {factor}"


def _mwh(kwh: float) -> str:
    return f"{figures.significant(kwh / 1e3, 4)} MWh"


def _tonnes(kgco2e: float) -> str:
    return f"{figures.significant(kgco2e / KG_PER_T, 3)} tCO2e"


def _range(low: float, high: float) -> str:
    return f"{figures.significant(low / KG_PER_T, 3)} to {_tonnes(high)}" if high > low else "not computed"


def _basis_note(facts: Facts) -> list[str]:
    notes = {
        "life-cycle": "This factor holds the supply of fuel and the building of plants, which scope 2 leaves to "
        "category 3: the location-based figure is too high for scope 2 by that part.",
        "direct": "This factor holds generation alone, as scope 2 wants it.",
        "given": "Whether this factor holds generation alone, as scope 2 wants it, is not known.",
        "unknown": "Whether this factor holds generation alone, as scope 2 wants it, is not known.",
    }
    return [notes[facts.grid_basis]]


def _market_note(facts: Facts, details: DisclosureDetails) -> list[str]:
    if facts.result.operational_market_based_kgco2e is None:
        return ["Market-based: unknown. Without contracts it takes the residual mix, or else the average of the grid."]
    instrument = markdown(details.instrument) or "not stated"
    if facts.value("residual_intensity_gco2e_per_kwh") is None:
        residual = "no residual mix is stated, so what is not covered takes the average of the grid"
    else:
        residual = f"source of the residual mix: {markdown(details.residual_mix_source) or 'not stated'}"
    return [
        f"Contracts and certificates: {instrument}; {residual}. "
        "Whether they meet the quality criteria is for you to show."
    ]


def _belongs(details: DisclosureDetails) -> list[str]:
    head = ("Where it ran", "Electricity", "Making of the hardware", "Fuel supply and losses of the grid")
    labels = dict(QUESTIONS["site_control"].choices)
    chosen = [details.site_control] if details.site_control else list(CASES)
    lines = table(head, [(labels[case], *CASES[case]) for case in chosen])
    return lines if details.site_control else ["Where it ran is not stated; one of these rows holds.", "", *lines]


def _scope_3_note(facts: Facts, details: DisclosureDetails) -> list[str]:
    owned = "Of own hardware it is for information: category 2 takes whole devices in the year bought."
    bought = f"Of rented machines it is part of category 1 ({ESRS_POINTS['scope_3']})."
    use = {"own": [owned], "colocation": [owned], "cloud": [bought], "customer": []}.get(
        details.site_control, [owned, bought]
    )
    making = f"- Making of the hardware, share of this run by its time: {facts.embodied}."
    return [
        "## Note on scope 3",
        "",
        " ".join([making, "Kept apart from the electricity and in neither total above.", *use]),
        "- Energy from fossil, nuclear and renewable sources, in MWh each (ESRS E1-5): unknown, not split here.",
        "- Losses of transmission and distribution: unknown, not computed here.",
        "- Not in any figure: staff, buildings, network beyond the data centre, end-of-life; water, which is another "
        "standard's (ESRS E3).",
        "- Share of scope 3 from primary data of suppliers: none of it here.",
        "",
    ]


def _missing(facts: Facts, details: DisclosureDetails) -> tuple[Missing, ...]:
    market = facts.result.operational_market_based_kgco2e
    wanted = [
        (not details.organisation, "organisation", gettext_noop("An inventory is that of an organisation."), SCOPE_2),
        (details.reporting_year is None, "reporting_year", gettext_noop("An inventory is that of one year."), SCOPE_2),
        (
            not details.site_control,
            "site_control",
            gettext_noop("Scope and category depend on who controls the machines."),
            SCOPE_3,
        ),
        (
            market is None,
            "market_based.contracted_share",
            gettext_noop("The market-based total is owed wherever contracts for electricity can be had."),
            SCOPE_2,
        ),
        (
            market is not None and not details.instrument,
            "instrument",
            gettext_noop("Contracts are told by kind, market and vintage."),
            "ESRS E1-6, AR 45(d)",
        ),
        (
            market is not None and facts.value("residual_intensity_gco2e_per_kwh") is None,
            "market_based.residual_intensity_gco2e_per_kwh",
            gettext_noop("What no contract covers takes the residual mix where one is published."),
            SCOPE_2,
        ),
        (
            market is not None
            and facts.value("residual_intensity_gco2e_per_kwh") is not None
            and not details.residual_mix_source,
            "residual_mix_source",
            gettext_noop("Every factor names its source."),
            SCOPE_2,
        ),
        (
            market is not None and facts.value("residual_intensity_gco2e_per_kwh") == 0,
            "market_based.residual_intensity_gco2e_per_kwh",
            gettext_noop("What no contract covers cannot count zero."),
            SCOPE_2,
        ),
        (
            facts.grid_basis != "direct",
            "grid_intensity_gco2e_per_kwh",
            gettext_noop(
                "Scope 2 counts generation alone: give a direct factor, or report the difference in category 3."
            ),
            "Scope 3 Standard, category 3",
        ),
        (
            facts.is_training and not facts.development_is_known,
            "development_factor",
            gettext_noop("An inventory holds all energy: say what development and failed runs took, were it nothing."),
            SCOPE_2,
        ),
    ]
    return tuple(Missing(field, why, rule) for is_missing, field, why, rule in wanted if is_missing)


FORMAT: Final = Format(
    name="ghg-protocol",
    title=gettext_noop("GHG Protocol"),
    summary=gettext_noop(
        "Scope 2 location-based beside market-based, and where hardware and fuel supply belong in scope 3. All runs."
    ),
    media_type="text/markdown",
    extension="md",
    asks=("site_control", "reporting_year", "instrument", "residual_mix_source", *WHO_AND_WHEN),
    write=write,
)
