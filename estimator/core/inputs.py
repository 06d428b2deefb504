"""
The one description of a run, shared by form, CSV, API and measurement.

Physical bounds live here and in `bounds`, once. A `Workload` is frozen and refuses unknown fields, wrong types, NaN
and infinities, so that whatever holds one may compute with it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from estimator.core.bounds import (
    CatalogueName,
    EnergyCovers,
    EnergyQuality,
    Hours,
    Inputs,
    Intensity,
    NonNegativeW,
    PositiveCount,
    PositiveW,
)
from estimator.core.bounds import HourlyProfile as HourlyProfile
from estimator.core.bounds import Location as Location
from estimator.core.bounds import MarketBased as MarketBased
from estimator.core.bounds import Precision as Precision
from estimator.core.levers.settings import MOST_LEVERS, Lever
from estimator.core.ranged import check_ranges

Activity = Literal["training", "inference"]
Method = Literal["strubell_2019", "device_hours", "training_flop", "cores_and_memory", "inference_tokens", "measured"]
MethodChoice = Literal[
    "auto", "strubell_2019", "device_hours", "training_flop", "cores_and_memory", "inference_tokens", "measured"
]
GridSignal = Literal["annual", "live"]
TrainingKind = Literal["full", "lora", "qlora"]
#: What one item of an inference is, where it is not counted in tokens: energies of one are published.
Task = Literal[
    "text_classification", "extractive_qa", "masked_language_modelling", "token_classification",
    "image_classification", "object_detection", "text_generation", "summarisation", "image_captioning",
    "image_generation", "video_generation",
]  # fmt: skip

#: Methods that the core can compute; the others are named in the contract and refused with a clear message.
AVAILABLE_METHODS: Final[tuple[Method, ...]] = (
    "strubell_2019", "device_hours", "training_flop", "cores_and_memory", "inference_tokens", "measured"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One thing wrong with the inputs: where, what, the remedy, and what may have been meant."""

    path: str  #: "hardware.accelerator"
    message: str  #: English template with named places, the remedy included
    text_params: dict[str, Any] = field(default_factory=dict)
    suggestions: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path}: {self.message % self.text_params if self.text_params else self.message}"


class InputProblems(ValueError):
    """Everything that is wrong with the inputs, at once."""

    def __init__(self, problems: tuple[InputProblem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class Model(Inputs):
    """The model that was trained or run."""

    preset: CatalogueName | None = Field(None, description="Id or alias of a model of the catalogue.")
    parameters_count: Annotated[int, Field(ge=1, le=10**15)] | None = Field(None, description="All parameters.")
    active_parameters_count: Annotated[int, Field(ge=1, le=10**15)] | None = Field(
        None, description="Parameters active for one token, for a mixture of experts."
    )
    training_tokens: Annotated[int, Field(ge=1, le=10**17)] | None = Field(None, description="Tokens seen in training.")
    training_kind: TrainingKind = Field(
        "full", description="lora and qlora leave the weights frozen: 4 operations a parameter and token instead of 6."
    )
    training_precision: Precision | None = Field(
        None, description="Precision of the matrix products in training; by default 16 bits."
    )

    @model_validator(mode="after")
    def active_within_all(self) -> Self:
        """Refuse more active parameters than there are."""
        if (
            self.active_parameters_count is not None
            and self.parameters_count is not None
            and self.active_parameters_count > self.parameters_count
        ):
            raise PydanticCustomError(
                "active_parameters_above_all",
                "active_parameters_count is larger than parameters_count; swap them, or leave it empty if it is dense",
                {"field": "active_parameters_count"},
            )
        return self


class Hardware(Inputs):
    """Devices and their draw. All draws are means over the run."""

    accelerator: CatalogueName | None = Field(None, description="Id or alias of an accelerator of the catalogue.")
    accelerator_count: PositiveCount | None = Field(None, description="Accelerators used at once.")
    mean_accelerator_power_w: PositiveW | None = Field(None, description="Mean draw of ONE accelerator. [W]")
    mean_accelerator_power_low_w: NonNegativeW | None = Field(None, description="Its 5th percentile, if known. [W]")
    mean_accelerator_power_high_w: NonNegativeW | None = Field(None, description="Its 95th percentile. [W]")
    utilisation: Annotated[float, Field(gt=0, le=2)] | None = Field(
        None,
        description="Share of the draw (or of the board's limit, where no draw is given) that is really used; "
        "above 1 is computed as asked and warned about. [1]",
    )
    mfu: Annotated[float, Field(gt=0, le=1)] | None = Field(None, description="Model FLOP utilisation. [1]")
    cpu: CatalogueName | None = Field(None, description="Id or alias of a CPU of the catalogue.")
    cpu_count: PositiveCount | None = Field(None, description="CPU sockets.")
    cpu_core_count: PositiveCount | None = Field(
        None, description="CPU cores that the run had, all together; beats sockets."
    )
    mean_cpu_power_w: NonNegativeW | None = Field(None, description="Mean draw of all CPU sockets together. [W]")
    mean_cpu_power_low_w: NonNegativeW | None = Field(None, description="Its 5th percentile, if known. [W]")
    mean_cpu_power_high_w: NonNegativeW | None = Field(None, description="Its 95th percentile. [W]")
    memory_gb: Annotated[float, Field(gt=0, le=1e9)] | None = Field(None, description="Memory available. [GB]")
    mean_memory_power_w: NonNegativeW | None = Field(None, description="Mean draw of all memory together. [W]")
    mean_system_power_w: PositiveW | None = Field(
        None, description="Mean draw of all servers of the run together: CPUs, memory and accelerators. [W]"
    )
    measured_on: Annotated[str, Field(max_length=200)] = Field(
        "", description="What a draw that is given was measured on, for people: the machine, the runs, their hours."
    )
    host_overhead_share: Annotated[float, Field(ge=0, le=10)] | None = Field(
        None,
        description="Energy of CPUs, memory and network over that of the accelerators, where only these are modelled; "
        "by default 0 for device_hours and by evidence for training_flop and inference_tokens. [1]",
    )
    idle_share: Annotated[float, Field(ge=0, le=0.99)] | None = Field(
        None,
        description="Share of the accelerators' energy that they draw reserved and idle; by default 0 in training and "
        "by evidence for inference_tokens. [1]",
    )

    @model_validator(mode="after")
    def within_ranges(self) -> Self:
        """Refuse a range without its value, or beside it."""
        check_ranges(self, "mean_accelerator_power_w", "mean_cpu_power_w")
        return self


class Embodied(Inputs):
    """Emissions of making the devices, by the time that the run kept them busy."""

    include: bool = True
    lifetime_years: Annotated[float, Field(gt=0, le=50)] | None = Field(None, description="Service life. [year]")
    lifetime_utilisation: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="Share of the service life in which anyone uses the devices. [1]"
    )


class Inference(Inputs):
    """Requests served and their size, or items of a task."""

    task: Task | None = Field(
        None, description="What one request is, where it is not counted in tokens: its published energy is taken."
    )
    requests_count: Annotated[int, Field(ge=1, le=10**15)] | None = Field(
        None, description="Requests; of a task its items: images, videos, texts."
    )
    input_tokens: Annotated[int, Field(ge=0, le=10**9)] | None = None
    output_tokens: Annotated[int, Field(ge=0, le=10**9)] | None = None
    batch_size: Annotated[int, Field(ge=1, le=10**6)] | None = None
    precision: Precision | None = None


class FunctionalUnit(Inputs):
    """What one unit of service is, to state the footprint per unit."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    count: Annotated[float, Field(gt=0, le=1e18)] | None = None


class Uncertainty(Inputs):
    """The draws behind the range. The same seed gives the same range."""

    draws_count: Annotated[int, Field(ge=0, le=100_000)] = Field(10_000, description="0 switches the range off.")
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 1


class Workload(Inputs):
    """One run of a model, as its user describes it."""

    title: Annotated[str, Field(max_length=200)] = ""
    activity: Activity = "training"
    method: MethodChoice = "auto"
    model: Model = Model()
    hardware: Hardware = Hardware()
    duration_h: Hours | None = Field(None, description="Wall-clock time of the run. [h]")
    accelerator_hours: Annotated[float, Field(gt=0, le=1e12)] | None = Field(
        None, description="Accelerators x hours; beats count times duration. [h]"
    )
    it_energy_kwh: Annotated[float, Field(gt=0, le=1e12)] | None = Field(
        None, description="Measured energy of the servers, before PUE. [kWh]"
    )
    it_energy_low_kwh: Annotated[float, Field(ge=0, le=1e12)] | None = Field(
        None, description="Its 5th percentile; without both ends the usual spread of such a value is taken. [kWh]"
    )
    it_energy_high_kwh: Annotated[float, Field(ge=0, le=1e12)] | None = Field(
        None, description="Its 95th percentile. [kWh]"
    )
    it_energy_quality: EnergyQuality | None = Field(
        None, description="How it was told: by a counter (as where nothing is said), by sampled powers, by a model."
    )
    it_energy_covers: EnergyCovers = Field(
        "servers",
        description="What was measured: servers is all of them; components is accelerators, CPUs and memory without "
        "the rest; accelerators, and processors (CPUs and memory), are these alone.",
    )
    location: Location = Location()
    grid_intensity_gco2e_per_kwh: Intensity | None = Field(None, description="Beats any look-up. [gCO2e/kWh]")
    year: Annotated[int, Field(ge=1990, le=2100)] | None = Field(None, description="Year of the grid factor.")
    grid_signal: GridSignal = Field(
        "annual", description="live asks for the intensity of this hour, where the operator has a key for it."
    )
    hourly_profile: HourlyProfile = HourlyProfile()
    pue: Annotated[float, Field(gt=0, le=10)] | None = Field(
        None, description="Facility energy over IT energy; below 1 is computed as asked and warned about. [1]"
    )
    market_based: MarketBased = MarketBased()
    development_factor: Annotated[float, Field(ge=0, le=10_000)] = Field(
        0.0, description="Energy of development runs over that of the final run. [1]"
    )
    repeat_count: PositiveCount = Field(1, description="How often the whole run was repeated.")
    embodied: Embodied = Embodied()
    inference: Inference = Inference()
    functional_unit: FunctionalUnit = FunctionalUnit()
    electricity_price_usd_per_kwh: Annotated[float, Field(ge=0, le=100)] | None = None
    levers: Annotated[tuple[Lever, ...], Field(strict=False, max_length=MOST_LEVERS)] = Field(
        (), description="What the run would cost if …: each alone against the run as it is, and all together."
    )
    uncertainty: Uncertainty = Uncertainty()

    @model_validator(mode="after")
    def within_range(self) -> Self:
        """Refuse a range without its value, or beside it."""
        check_ranges(self, "it_energy_kwh")
        return self

    @cached_property
    def input_digest(self) -> str:
        """SHA-256 of the canonical JSON of the inputs: equal inputs, equal digest, also when fields are added."""
        return hashlib.sha256(self.model_dump_json(exclude_defaults=True).encode()).hexdigest()

    def is_only_measured(self, method: str) -> bool:
        """Whether `method` measured a machine or a command, which may have done anything, and no model is named."""
        model = self.model
        is_named = any(told is not None for told in (model.preset, model.parameters_count, model.training_tokens))
        return self.activity == "training" and method == "measured" and not is_named

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy without the digest, which is that of other inputs."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("input_digest", None)
        return copied
