"""
Published runs that Wattprint must reproduce, as workloads and as bodies of the API.

References
----------
.. [1] Strubell, Ganesh, McCallum, Energy and Policy Considerations for Deep Learning in NLP, ACL 2019,
   arXiv:1906.02243, table 3: kWh = 1.58 t P / 1000 and 0.954 lb of CO2e for one kilowatt-hour.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from estimator.core.factors import Factors
from estimator.core.footprint import Assumption, Source
from estimator.core.inputs import Workload
from estimator.core.units import G_PER_KG, KG_PER_LB

STRUBELL_PUE: Final = 1.58
STRUBELL_LB_PER_KWH: Final = 0.954
STRUBELL_GCO2E_PER_KWH: Final = STRUBELL_LB_PER_KWH * KG_PER_LB * G_PER_KG


@dataclass(frozen=True, slots=True)
class StrubellCase:
    """One row of table 3, with the prices by which its cloud costs were made."""

    id: str
    model: str
    accelerator: str
    accelerator_count: int
    duration_h: float  #: to more digits than printed, where the printed energy needs them
    published_duration_h: float
    mean_system_power_w: float
    published_facility_energy_kwh: float
    published_lb: float
    published_cloud_cost_low_usd: float
    published_cloud_cost_high_usd: float
    cloud_price_low_usd_per_accelerator_h: float
    cloud_price_high_usd_per_accelerator_h: float
    source: str

    @property
    def facility_energy_kwh(self) -> float:
        """Energy by the formula of the paper, worked out here and not by the code under test."""
        return 1.58 * self.duration_h * self.mean_system_power_w / 1000.0

    @property
    def operational_lb(self) -> float:
        """Emissions by the formula of the paper, in pounds."""
        return 0.954 * self.facility_energy_kwh

    def body(self, *, draws_count: int = 0) -> dict[str, Any]:
        """The run as JSON for `POST /api/v1/calculate`."""
        return {
            "title": self.model,
            "method": "strubell_2019",
            "hardware": {
                "accelerator": self.accelerator,
                "accelerator_count": self.accelerator_count,
                "mean_system_power_w": self.mean_system_power_w,
            },
            "duration_h": self.duration_h,
            "grid_intensity_gco2e_per_kwh": STRUBELL_GCO2E_PER_KWH,
            "pue": STRUBELL_PUE,
            "embodied": {"include": False},
            "uncertainty": {"draws_count": draws_count, "seed": 1},
        }

    def workload(self, *, draws_count: int = 0) -> Workload:
        """The run as the core takes it."""
        return Workload.model_validate(self.body(draws_count=draws_count))

    def factors(self) -> Factors:
        """The inputs of the paper, resolved by hand."""
        low_usd, high_usd = self.cloud_price_low_usd_per_accelerator_h, self.cloud_price_high_usd_per_accelerator_h
        triples: dict[str, tuple[float, float, float]] = {
            name: (number, number, number)
            for name, number in (
                ("duration_h", self.duration_h),
                ("accelerator_count", float(self.accelerator_count)),
                ("mean_system_power_w", self.mean_system_power_w),
                ("pue", STRUBELL_PUE),
                ("grid_intensity_gco2e_per_kwh", STRUBELL_GCO2E_PER_KWH),
                ("development_factor", 0.0),
                ("repeat_count", 1.0),
            )
        }
        triples["cloud_price_usd_per_accelerator_h"] = (low_usd, (low_usd + high_usd) / 2.0, high_usd)
        return Factors(
            method="strubell_2019",
            boundary="servers",
            assumptions={
                name: Assumption(
                    name=name,
                    label=name,
                    value=central,
                    low=low,
                    high=high,
                    unit="",
                    status="given",
                    quality="sampled",
                    source_ids=("strubell-2019",),
                )
                for name, (low, central, high) in triples.items()
            },
            sources={
                "strubell-2019": Source(title="", publisher="", year=2019, url="", licence=""),
            },
            dataset_version="by hand",
        )


def strubell_cases() -> tuple[StrubellCase, ...]:
    """Transformer base and big, ELMo, BERT base and NAS."""
    texts = {"id", "model", "accelerator", "source"}
    unused = {"hardware", "where_in_source", "note"}
    with (Path(__file__).parent / "strubell_2019_table3.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            StrubellCase(
                **{
                    name: cell if name in texts else int(cell) if name == "accelerator_count" else float(cell)
                    for name, cell in row.items()
                    if name not in unused
                }  # type: ignore[arg-type]
            )
            for row in csv.DictReader(file)
        )


def as_printed(computed: float, printed: float) -> bool:
    """Whether a value is the printed one, within half a percent or within the rounding to a whole number."""
    return abs(computed - printed) <= max(0.005 * printed, 0.5)
