"""What runs and levers share: the base of every input, physical bounds, the place and the contracts."""

import math
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Precision = Literal["fp32", "tf32", "bf16", "fp16", "fp8", "int8", "int4"]

#: The longest run that is believed, one thousand years on one machine: beyond it the unit is wrong. [h]
MAX_HOURS: Final = 8_766_000.0

#: How a measured energy was told: by counters, by powers read now and then, or by a model in place of a meter.
EnergyQuality = Literal["counter", "sampled", "modelled"]
#: What a measured energy is of: whole servers; accelerators, CPUs and memory without the rest; accelerators alone; CPUs
#: and memory alone.
EnergyCovers = Literal["servers", "components", "accelerators", "processors"]

CatalogueName = Annotated[str, Field(min_length=1, max_length=120)]
PositiveW = Annotated[float, Field(gt=0, le=1e9)]
NonNegativeW = Annotated[float, Field(ge=0, le=1e9)]
Hours = Annotated[float, Field(gt=0, le=MAX_HOURS)]
PositiveCount = Annotated[int, Field(ge=1, le=10_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Intensity = Annotated[float, Field(ge=0, le=5_000)]


class Inputs(BaseModel):
    """What every input object shares: frozen, strict, finite, and no field that we do not know."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    def __eq__(self, other: object) -> bool:
        # What was left out is one and the same default: pydantic would compare it field by field, for each digest.
        return self is other or super().__eq__(other)


class Location(Inputs):
    """Where it ran. The most specific field that is given wins: region, then zone, then country."""

    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}$")] | None = Field(
        None, description="ISO 3166 alpha-2 or alpha-3."
    )
    zone: CatalogueName | None = Field(None, description="Id or alias of a grid zone of the catalogue.")
    provider: CatalogueName | None = Field(None, description="Cloud provider, with region.")
    region: CatalogueName | None = Field(None, description="The provider's own name of the region.")


class MarketBased(Inputs):
    """Contracts and certificates. They change the market-based figure only, never the headline."""

    contracted_share: Share | None = Field(None, description="Share of the electricity under contract. [1]")
    contract_intensity_gco2e_per_kwh: Intensity | None = None
    residual_intensity_gco2e_per_kwh: Intensity | None = None
    certificates_share: Share | None = Field(
        None, description="Share of the electricity covered by unbundled certificates, beside the contracts. [1]"
    )

    @property
    def is_said(self) -> bool:
        """Whether anything is known of contracts and certificates."""
        shares = self.contracted_share, self.certificates_share
        return shares != (None, None) or not (
            self.contract_intensity_gco2e_per_kwh is None and self.residual_intensity_gco2e_per_kwh is None
        )

    @model_validator(mode="after")
    def within_the_whole(self) -> Self:
        """Refuse shares that are more than all of the electricity."""
        if (self.contracted_share or 0.0) + (self.certificates_share or 0.0) > 1.0 + 1e-9:
            raise PydanticCustomError(
                "shares_above_all",
                "contracts and certificates together cover more than all of the electricity; lower one of the two",
                {"field": "certificates_share"},
            )
        return self


class HourlyProfile(Inputs):
    """The grid hour by hour; a run longer than the list goes through it again and again."""

    hourly_intensity_gco2e_per_kwh: (
        Annotated[tuple[Intensity, ...], Field(strict=False, min_length=24, max_length=8784)] | None
    ) = Field(
        None,
        description="From midnight on, a day or more of whole hours. Their average is the grid's intensity where none "
        "is given; where one is, only how they differ counts, so that relative numbers will do.",
    )
    start_hour: Annotated[int, Field(ge=0, le=8783)] = Field(0, description="Hour of the list in which the run starts.")

    @property
    def mean_gco2e_per_kwh(self) -> float | None:
        """Average of the hours; None where none are given."""
        hours = self.hourly_intensity_gco2e_per_kwh
        return None if hours is None else math.fsum(hours) / len(hours)
