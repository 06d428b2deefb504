"""
The emissions.csv of CodeCarbon, so that a run stands beside those that were tracked.

Rule: the 38 columns of CodeCarbon 3.2.1 to 3.3.2, read by name. Energies hold PUE, powers do not; emissions are those
of the electricity, location-based; there is no column for contracts or the hardware's making. Water is that of the site
alone. What was not tracked is empty.
"""

from typing import Final

from estimator.core.footprint import gettext_noop
from reports.disclosures import escapes, figures
from reports.disclosures.details import DisclosureDetails
from reports.disclosures.disclosure import Format, Missing, Written
from reports.disclosures.facts import Facts
from reports.disclosures.prose import name_of

CODECARBON: Final = "CodeCarbon 3.3.2, emissions.csv"
SECONDS_PER_HOUR: Final = 3600.0
W_PER_KW: Final = 1e3
COLUMNS: Final = tuple(
    """
    timestamp project_name run_id experiment_id duration emissions emissions_rate cpu_power gpu_power ram_power
    cpu_energy gpu_energy ram_energy energy_consumed water_consumed country_name country_iso_code region cloud_provider
    cloud_region os python_version codecarbon_version cpu_count cpu_model gpu_count gpu_model longitude latitude
    ram_total_size tracking_mode cpu_utilization_percent gpu_utilization_percent ram_utilization_percent ram_used_gb
    on_cloud pue wue
    """.split()
)


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write a row for the final run, and one for all other runs where they are known."""
    rows = [_row(facts, details, share=1 / facts.multiplier, which=_which(facts), suffix="")]
    if facts.has_other_runs:
        rows.append(_row(facts, details, share=1 - 1 / facts.multiplier, which="other runs", suffix="-other"))
    lines = [",".join(COLUMNS), *(",".join(row[column] for column in COLUMNS) for row in rows)]
    return Written("\r\n".join(lines) + "\r\n", _missing(facts, details))


def _which(facts: Facts) -> str:
    return "final run" if facts.is_training else "service"


def _row(facts: Facts, details: DisclosureDetails, *, share: float, which: str, suffix: str) -> dict[str, str]:
    result = facts.result
    location, hardware = facts.workload.location, facts.workload.hardware
    duration_h = facts.duration_h
    if duration_h and suffix:
        duration_h *= facts.multiplier - 1
    kgco2e = result.operational_location_based_kgco2e.central * share
    accelerator = result.accelerator_energy_kwh
    wue = facts.assumption("wue_l_per_kwh")
    numbers = {
        "duration": duration_h * SECONDS_PER_HOUR if duration_h else None,
        "emissions": kgco2e,
        "emissions_rate": kgco2e / (duration_h * SECONDS_PER_HOUR) if duration_h else None,
        "gpu_power": accelerator.central * share / duration_h * W_PER_KW if accelerator and duration_h else None,
        "gpu_energy": accelerator.central * share * facts.pue if accelerator else None,
        "energy_consumed": result.facility_energy_kwh.central * share,
        "water_consumed": result.it_energy_kwh.central * share * wue.value if wue else None,
        "cpu_count": hardware.cpu_count,
        "gpu_count": facts.accelerator_count,
        "pue": facts.pue,
        "wue": wue.value if wue else None,
    }
    texts = {
        "timestamp": details.made_at.replace(" ", "T"),
        "project_name": name_of(facts, details),
        "run_id": f"{details.run_id}{suffix}" if details.run_id else "",
        "experiment_id": f"Wattprint, {which}, {facts.energy_quality}, location-based, embodied not included",
        "country_name": facts.country or facts.place,
        "region": facts.place if facts.country and facts.place != facts.country and not location.region else "",
        "country_iso_code": facts.iso3,
        "cloud_provider": location.provider or "",
        "cloud_region": location.region or "",
        "cpu_model": hardware.cpu or "",
        "gpu_model": _accelerators(facts),
        "on_cloud": _on_cloud(facts, details),
    }
    cells = dict.fromkeys(COLUMNS, "")
    cells |= {name: escapes.csv(text) for name, text in texts.items()}
    cells |= {name: figures.plain(value) for name, value in numbers.items() if value is not None}
    return cells


def _accelerators(facts: Facts) -> str:
    count = facts.accelerator_count
    return f"{figures.plain(count)} x {facts.accelerator_name}" if count and facts.accelerator_name else ""


def _on_cloud(facts: Facts, details: DisclosureDetails) -> str:
    if facts.workload.location.provider or details.infrastructure in {"publicCloud", "privateCloud"}:
        return "Y"
    return "N" if details.infrastructure == "onPremise" else ""


def _missing(facts: Facts, details: DisclosureDetails) -> tuple[Missing, ...]:
    wanted = [
        (facts.duration_h is None, "duration_h", gettext_noop("Rate and powers follow from the duration.")),
        (not facts.iso3, "location.country", gettext_noop("Rows are told apart by country.")),
        (
            not _on_cloud(facts, details),
            "infrastructure",
            gettext_noop("A row says whether it ran in a cloud."),
        ),
    ]
    return tuple(Missing(field, why, CODECARBON) for is_missing, field, why in wanted if is_missing)


FORMAT: Final = Format(
    name="codecarbon-csv",
    title=gettext_noop("CSV as of CodeCarbon"),
    summary=gettext_noop("A row beside runs that CodeCarbon tracked: energies with PUE, emissions location-based."),
    media_type="text/csv",
    extension="csv",
    asks=("infrastructure", "model_name"),
    write=write,
)
