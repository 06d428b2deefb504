"""
CycloneDX: the energy of a model in a machine-learning bill of materials.

Rule: CycloneDX 1.7, component of type machine-learning-model, modelCard.considerations.environmentalConsiderations.
Energy is in kWh and emissions in tCO2eq, nothing else. `co2CostEquivalent` is the CO2 of the energy: location-based
and operational. All else stands in properties.
"""

import uuid
from typing import Any, Final

from estimator.core.footprint import gettext_noop
from reports.disclosures import figures
from reports.disclosures.details import DisclosureDetails
from reports.disclosures.disclosure import Format, Missing, Written
from reports.disclosures.escapes import json_text
from reports.disclosures.facts import Facts

CYCLONEDX: Final = "CycloneDX 1.7, environmentalConsiderations"
SPEC_VERSION: Final = "1.7"
KG_PER_T: Final = 1e3


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write a bill of one component."""
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "name": details.model_name or facts.title or "unnamed",
        **({"version": details.model_version} if details.model_version else {}),
        "modelCard": {
            "considerations": {
                "environmentalConsiderations": {
                    "energyConsumptions": _consumptions(facts, details),
                    "properties": _properties(_of_the_whole(facts)),
                }
            }
        },
    }
    if details.organisation:
        component["supplier"] = {"name": details.organisation}
    bill: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "components": [component],
    }
    if details.run_id:
        bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'wattprint:{details.run_id}')}"
    if details.made_at:
        bill["metadata"] = {"timestamp": f"{details.made_at.replace(' ', 'T')}Z"}
    return Written(json_text(bill), _missing(facts, details))


def _activity(facts: Facts, details: DisclosureDetails) -> str:
    if not facts.is_training:
        return "inference"
    return "fine-tuning" if facts.is_fine_tuning or details.training_type == "fine-tuning" else "training"


def _consumptions(facts: Facts, details: DisclosureDetails) -> list[dict[str, Any]]:
    """The final run, and the others under an activity of their own."""
    result, shares = facts.result, _shares(facts, details)
    if not facts.is_training:
        requests = facts.value("requests_count")
        served = {"served": f"{figures.plain(requests)} requests"} if requests else {}
        total_kwh, total_kgco2e = result.facility_energy_kwh.central, result.operational_location_based_kgco2e.central
        return [_consumption("inference", total_kwh, total_kgco2e, shares, served)]
    final_kwh, final_kgco2e = facts.final_facility_kwh, facts.final_location_based_kgco2e
    found = [_consumption(_activity(facts, details), final_kwh, final_kgco2e, shares, {"runs": "final run"})]
    if facts.has_other_runs:
        other_kwh = result.facility_energy_kwh.central - final_kwh
        other_kgco2e = result.operational_location_based_kgco2e.central - final_kgco2e
        runs = {"runs": "development and repeated runs"}
        found.append(_consumption("other", other_kwh, other_kgco2e, shares, runs))
    return found


def _consumption(
    activity: str, kwh: float, kgco2e: float, shares: list[tuple[str, str, float]], more: dict[str, str]
) -> dict[str, Any]:
    return {
        "activity": activity,
        "energyProviders": [
            {"organization": {"name": name}, "energySource": source, "energyProvided": _energy(kwh * share)}
            for name, source, share in shares
        ],
        "activityEnergyCost": _energy(kwh),
        "co2CostEquivalent": {"value": figures.exact(kgco2e / KG_PER_T), "unit": "tCO2eq"},
        "properties": _properties({"co2_method": "operational, location-based", **more}),
    }


def _energy(kwh: float) -> dict[str, Any]:
    return {"value": figures.exact(kwh), "unit": "kWh"}


def _shares(facts: Facts, details: DisclosureDetails) -> list[tuple[str, str, float]]:
    """Supplier, source, share of the energy; where contracts cover a part, only that part has the supplier's source."""
    if not details.energy_provider:
        return []
    source = details.energy_source or "unknown"
    contracted = facts.value("contracted_share")
    if not contracted or contracted >= 1.0 or source == "unknown":
        return [(details.energy_provider, source, 1.0)]
    return [(details.energy_provider, source, contracted), (details.energy_provider, "unknown", 1.0 - contracted)]


def _of_the_whole(facts: Facts) -> dict[str, str]:
    result = facts.result
    market, embodied = result.operational_market_based_kgco2e, result.embodied_share_kgco2e
    named: dict[str, str | None] = {
        "boundary": f"facility: {facts.boundary}",
        "runs": facts.runs,
        "energy_quality": facts.energy_quality,
        "pue": figures.plain(facts.pue),
        "it_energy_kwh": figures.plain(result.it_energy_kwh.central),
        "grid_intensity_gco2e_per_kwh": figures.plain(facts.grid_gco2e_per_kwh),
        "operational_market_based_kgco2e": figures.plain(market.central) if market else "unknown",
        "embodied_share_kgco2e": figures.plain(embodied.central) if embodied else "unknown",
        "water_l": figures.plain(result.water_l.central) if result.water_l else "unknown",
        "accelerator_hours": figures.plain(result.accelerator_hours.central) if result.accelerator_hours else "unknown",
        "hardware": facts.hardware or "unknown",
        "total_flop": f"{result.total_flop.central:.6g}" if result.total_flop else "unknown",
        "made_with": facts.made_with,
    }
    return {name: value for name, value in named.items() if value}


def _properties(named: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": f"wattprint:{name}", "value": value} for name, value in named.items()]


def _missing(facts: Facts, details: DisclosureDetails) -> tuple[Missing, ...]:
    wanted = [
        (
            not (details.model_name or facts.title),
            "model_name",
            gettext_noop("A component has a name; until it is said it stands as unnamed."),
        ),
        (
            not details.energy_provider,
            "energy_provider",
            gettext_noop("The supplier of the electricity is asked for; until it is said the list is empty."),
        ),
        (
            bool(details.energy_provider) and not details.energy_source,
            "energy_source",
            gettext_noop("The supplier's source is required; until it is said it stands as unknown."),
        ),
        (not details.organisation, "organisation", gettext_noop("A bill of materials names the supplier.")),
        (
            facts.is_training and not facts.is_fine_tuning and not details.training_type,
            "training_type",
            gettext_noop("Training and tuning are two activities; until it is said it stands as training."),
        ),
    ]
    return tuple(Missing(field, why, CYCLONEDX) for is_missing, field, why in wanted if is_missing)


FORMAT: Final = Format(
    name="cyclonedx",
    title=gettext_noop("CycloneDX ML-BOM"),
    summary=gettext_noop(
        "The energy of a model in a bill of materials: kWh of the facility and tonnes, location-based."
    ),
    media_type="application/vnd.cyclonedx+json",
    extension="cdx.json",
    asks=(*("energy_provider", "energy_source", "organisation", "model_name", "model_version", "training_type"),),
    write=write,
)
