"""
What a user may set about each lever; strict, with its bounds, one class a lever.

`region`, `renewable_contract` and the like bear the field of the workload that they change.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from estimator.core.bounds import (
    CatalogueName,
    Hours,
    Inputs,
    Intensity,
    Location,
    MarketBased,
    PositiveCount,
    PositiveW,
    Precision,
    Share,
)

MOST_LEVERS: Final = 20
Bits = Literal[32, 16, 8, 4]
Parameters = Annotated[int, Field(ge=1, le=10**15)]
Pue = Annotated[float, Field(gt=0, le=10)]

#: Bits of a weight at each precision.
BITS: Final[dict[Precision, Bits]] = {
    "fp32": 32, "tf32": 32, "bf16": 16, "fp16": 16, "fp8": 8, "int8": 8, "int4": 4,
}  # fmt: skip


def _refuse(field: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("lever_settings", message, {"field": field})


class Pruning(Inputs):
    """Leave weights out: single ones, two of every four, or whole heads, channels and layers."""

    lever: Literal["pruning"]
    sparsity: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="Share of the weights that is left out; by default one half. [1]"
    )
    kind: Literal["unstructured", "structured", "two_four"] = "unstructured"
    sparse_kernels: bool = Field(False, description="Whether the software skips single zeros; GPU libraries do not.")
    retraining_tokens: Annotated[int, Field(ge=0, le=10**17)] | None = Field(
        None, description="Tokens that a structurally pruned model is trained with again; by default by evidence."
    )

    @model_validator(mode="after")
    def two_of_four(self) -> Self:
        """Two of four is one half."""
        if self.kind == "two_four" and self.sparsity not in (None, 0.0, 0.5):
            raise _refuse("sparsity", "Two of every four weights are one half; give 0.5, or choose another kind")
        return self

    @property
    def pruned_share(self) -> float:
        """Share of the weights that is left out."""
        return 0.5 if self.sparsity is None else self.sparsity


class Quantisation(Inputs):
    """Hold weights, or weights and activations, in fewer bits."""

    lever: Literal["quantisation"]
    bits: Bits | None = None
    kind: Literal["weights", "weights_and_activations"] | None = Field(
        None, description="By default weights alone at 4 bits, both at 8."
    )
    precision: Precision | None = Field(None, description="Beats bits.")

    @model_validator(mode="after")
    def says_to_what(self) -> Self:
        """Refuse settings that name no precision, or two."""
        if self.bits is None and self.precision is None:
            raise _refuse("bits", "Give bits, or precision")
        if self.bits is not None and self.precision is not None and BITS[self.precision] != self.bits:
            raise _refuse("bits", "bits and precision disagree; give one of the two")
        return self

    @property
    def target_bits(self) -> Bits:
        """Bits of a weight afterwards."""
        return BITS[self.precision] if self.precision is not None else self.bits or 16

    @property
    def weights_only(self) -> bool:
        """Whether activations stay as they are, so that products are still computed in 16 bits."""
        if self.kind is not None:
            return self.kind == "weights"
        return self.target_bits == 4


class OtherHardware(Inputs):
    """Run the same on another accelerator."""

    lever: Literal["hardware"]
    accelerator: CatalogueName
    accelerator_count: PositiveCount | None = Field(None, description="By default as many as before, or what fits.")


class Distributed(Inputs):
    """Run the same on more accelerators, or on fewer."""

    lever: Literal["distributed"]
    accelerator_count: PositiveCount
    scaling_efficiency: Annotated[float, Field(gt=0, le=2)] | None = Field(
        None, description="Work of one accelerator afterwards over that before; by default by evidence. [1]"
    )


class ClientLocation(Inputs):
    """Where a share of the clients of a federated training is."""

    place: CatalogueName
    share: Annotated[float, Field(gt=0, le=1)]


class Federated(Inputs):
    """Train on the clients' own devices, and send updates instead of data."""

    lever: Literal["federated"]
    clients_count: PositiveCount = Field(description="Clients that take part in one round.")
    rounds_count: PositiveCount
    mean_device_power_w: PositiveW = Field(description="Draw of one client's device while it trains. [W]")
    local_time_s: Annotated[float, Field(gt=0, le=1e9)] = Field(description="Time of one client in one round. [s]")
    bytes_up_gb: Annotated[float, Field(ge=0, le=1e9)] = Field(0.0, description="Sent by one client in a round. [GB]")
    bytes_down_gb: Annotated[float, Field(ge=0, le=1e9)] = Field(0.0, description="Sent to one client. [GB]")
    client_locations: Annotated[tuple[CatalogueName | ClientLocation, ...], Field(strict=False, max_length=300)] = (
        Field((), description="Places, each with the same share unless they say; by default where the run is.")
    )
    server_energy_kwh: Annotated[float, Field(ge=0, le=1e12)] | None = Field(
        None, description="Energy of aggregation, before PUE; by default by evidence. [kWh]"
    )

    @model_validator(mode="after")
    def shares_make_a_whole(self) -> Self:
        """Refuse shares that are more than everybody."""
        if sum(place.share for place in self.client_locations if isinstance(place, ClientLocation)) > 1.0 + 1e-9:
            raise _refuse("client_locations", "The shares of the places are more than all clients; lower them")
        return self


class Reuse(Inputs):
    """Start from a model that others trained, instead of from nothing."""

    lever: Literal["reuse"]
    kind: Literal["fine_tuning", "lora", "qlora", "distillation", "warm_start"] = "fine_tuning"
    training_tokens: Annotated[int, Field(ge=1, le=10**17)] | None = Field(
        None, description="Tokens of the new training; by default by evidence."
    )
    base_model_share: Literal["cut_off", "amortised", "proportional"] = Field(
        "cut_off", description="Which share of the base model's own training the reuse answers for."
    )
    expected_reuses_count: PositiveCount | None = Field(None, description="Reuses that share it, for amortised.")

    @model_validator(mode="after")
    def reuses_known(self) -> Self:
        """Refuse to share among nobody knows how many."""
        if self.base_model_share == "amortised" and self.expected_reuses_count is None:
            raise _refuse("expected_reuses_count", "Give the number of reuses that share the base model's training")
        return self


class Region(Inputs):
    """Run the same elsewhere: `location` as in the body, or its fields."""

    lever: Literal["region"]
    location: Location | None = None
    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}$")] | None = None
    zone: CatalogueName | None = None
    provider: CatalogueName | None = None
    region: CatalogueName | None = None
    grid_intensity_gco2e_per_kwh: Intensity | None = None
    pue: Pue | None = Field(None, description="Of the site there; by default a given PUE stays. [1]")

    @model_validator(mode="after")
    def says_where(self) -> Self:
        """Refuse a move to nowhere."""
        if self.place == Location() and self.grid_intensity_gco2e_per_kwh is None:
            raise _refuse("location", "Give the place: country, zone, or provider and region")
        return self

    @property
    def place(self) -> Location:
        """Where to, as the workload says it."""
        if self.location is not None:
            return self.location
        return Location(country=self.country, zone=self.zone, provider=self.provider, region=self.region)


class TimeShift(Inputs):
    """Run the same when the grid is cleaner."""

    lever: Literal["time_shift"]
    window_h: Annotated[float, Field(ge=0, le=8784)] = Field(24.0, description="How long the start can wait. [h]")
    interruptible: bool = Field(False, description="Whether the run may pause while the grid is dirty.")
    duration_h: Hours | None = Field(None, description="Of the run, where the body does not say. [h]")
    hourly_intensity_gco2e_per_kwh: (
        Annotated[tuple[Intensity, ...], Field(strict=False, min_length=2, max_length=8784)] | None
    ) = Field(None, description="The grid hour by hour, from the first possible start; by default by evidence.")


class RenewableContract(Inputs):
    """Buy other electricity on paper: `market_based` as in the body, or its fields."""

    lever: Literal["renewable_contract"]
    market_based: MarketBased | None = None
    contracted_share: Share | None = None
    contract_intensity_gco2e_per_kwh: Intensity | None = None
    residual_intensity_gco2e_per_kwh: Intensity | None = None
    certificates_share: Share | None = None

    @property
    def contracts(self) -> MarketBased:
        """The contracts, as the workload says them; all of the electricity where nothing is said."""
        if self.market_based is not None:
            return self.market_based
        nothing_said = self.contracted_share is None and self.certificates_share is None
        return MarketBased(
            contracted_share=1.0 if nothing_said else self.contracted_share or 0.0,
            contract_intensity_gco2e_per_kwh=self.contract_intensity_gco2e_per_kwh,
            residual_intensity_gco2e_per_kwh=self.residual_intensity_gco2e_per_kwh,
            certificates_share=self.certificates_share,
        )


class BetterPue(Inputs):
    """Run the same in a facility with another overhead."""

    lever: Literal["pue"]
    pue: Pue


class BatchSize(Inputs):
    """Serve another number of requests at once."""

    lever: Literal["batch_size"]
    batch_size: Annotated[int, Field(ge=1, le=10**6)]


class PowerCap(Inputs):
    """Limit the draw of the accelerators."""

    lever: Literal["power_cap"]
    power_cap_share: Annotated[float, Field(ge=0.2, le=1)] | None = Field(
        None, description="New limit over that of the board. [1]"
    )
    power_cap_w: PositiveW | None = Field(None, description="New limit of one accelerator. [W]")
    mean_accelerator_power_w: PositiveW | None = Field(None, description="The same under the name of the body. [W]")

    @model_validator(mode="after")
    def says_how_low(self) -> Self:
        """Refuse a cap without a number, or with several."""
        if (
            sum(value is not None for value in (self.power_cap_share, self.power_cap_w, self.mean_accelerator_power_w))
            != 1
        ):
            raise _refuse("power_cap_share", "Give one of power_cap_share and power_cap_w")
        return self


class EarlyStopping(Inputs):
    """Stop runs that will not get better, and search with fewer of them."""

    lever: Literal["early_stopping"]
    training_tokens: Annotated[int, Field(ge=1, le=10**17)] | None = None
    duration_h: Hours | None = None
    stopped_share: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="Share of the training that is left out; by default by evidence. [1]"
    )


class OutputLength(Inputs):
    """Answer in fewer tokens, from a cache, or with less hidden reasoning."""

    lever: Literal["output_length"]
    output_tokens: Annotated[int, Field(ge=0, le=10**9)] | None = None
    cached_share: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="Share of the requests that is answered from a cache. [1]"
    )

    @model_validator(mode="after")
    def says_how_long(self) -> Self:
        """Refuse a lever without a setting."""
        if self.output_tokens is None and self.cached_share is None:
            raise _refuse("output_tokens", "Give output_tokens, or cached_share")
        return self


class MixtureOfExperts(Inputs):
    """Let a part of the parameters work on each token."""

    lever: Literal["mixture_of_experts"]
    active_parameters_count: Parameters | None = Field(None, description="By default by evidence.")
    parameters_count: Parameters | None = Field(None, description="All of them; by default as many as before.")


Lever = Annotated[
    Pruning
    | Quantisation
    | OtherHardware
    | Distributed
    | Federated
    | Reuse
    | Region
    | TimeShift
    | RenewableContract
    | BetterPue
    | BatchSize
    | PowerCap
    | EarlyStopping
    | OutputLength
    | MixtureOfExperts,
    Field(discriminator="lever"),
]
#: Each lever by its name.
SETTINGS: Final[dict[str, type[Inputs]]] = {
    kind.model_fields["lever"].annotation.__args__[0]: kind  # type: ignore[union-attr]
    for kind in (
        *(Pruning, Quantisation, OtherHardware, Distributed, Federated, Reuse, Region, TimeShift),
        *(RenewableContract, BetterPue, BatchSize, PowerCap, EarlyStopping, OutputLength, MixtureOfExperts),
    )
}


def lever_path(loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """Where a mistake stands as the user wrote it: without the names of the alternatives that were tried."""
    if loc[:1] == ("scenarios",) and loc[2:3] == ("levers",):
        return (*loc[:2], *lever_path(loc[2:]))
    if loc[:1] not in (("levers",), ("choices",)) or len(loc) < 3:
        return loc
    loc = (*loc[:2], *loc[3:])
    return loc[:4] if loc[2:3] == ("client_locations",) else loc
