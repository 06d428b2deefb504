"""A run as the formats see it: its figures unrounded, each with its boundary, and None for what is unknown."""

from dataclasses import dataclass
from typing import Final, Literal

from estimator.core.footprint import Assumption, Footprint, Quantities, Range, readable
from estimator.core.inputs import InputProblems, Workload
from estimator.core.units import G_PER_KG
from estimator.reference import catalogue
from reports.disclosures import figures

HOURS_PER_DAY: Final = 24.0
METHODS: Final = {
    "strubell_2019": "the mean draw of the machines times the hours (Strubell et al. 2019)",
    "device_hours": "accelerator hours times the mean draw of an accelerator",
    "training_flop": "the operations of the training over the speed of the hardware, times its draw",
    "cores_and_memory": "cores and memory times their draw and the hours (Green Algorithms)",
    "inference_tokens": "the energy of one request times their number",
    "measured": "the energy as it was metered",
    "modelled": "the energy as a model of the machine told it while it ran, or as attributed to a process",
}
#: How the energy came about, for a reader who knows no tiers.
ENERGY_QUALITIES: Final = {
    "counter": "measured",
    "sampled": "computed from a stated mean draw",
    "rated": "estimated from stated and rated values",
    "modelled": "estimated, in part from typical values",
    "guess": "estimated, in part by a guess",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """
    One run and its footprint.

    What bears the name of the final run leaves development runs and repetitions out; everything else holds them.
    """

    workload: Workload
    footprint: Footprint
    accelerator_name: str
    place: str
    country: str
    iso3: str

    @classmethod
    def of(cls, workload: Workload, footprint: Footprint) -> "Facts":
        """The facts of a run, its texts in English."""
        name = workload.hardware.accelerator or ""
        place, country, iso3 = _place(workload)
        return cls(workload, readable(footprint), _accelerator_name(name), place, country, iso3)

    @property
    def result(self) -> Quantities:
        """The quantities, all runs together."""
        return self.footprint.result

    @property
    def is_training(self) -> bool:
        """Whether a model was trained, rather than served."""
        return self.footprint.activity == "training"

    @property
    def is_only_measured(self) -> bool:
        """Whether nobody said that what was measured was a training."""
        return self.workload.is_only_measured(self.footprint.method)

    @property
    def title(self) -> str:
        """What the user called the run."""
        return self.footprint.title or self.workload.model.preset or ""

    # --- single values ------------------------------------------------------------------------------------------------

    def assumption(self, name: str) -> Assumption | None:
        """One input as it was used."""
        return next((one for one in self.footprint.assumptions if one.name == name), None)

    def value(self, name: str) -> float | None:
        """One input or intermediate by its name."""
        one = self.assumption(name)
        if one is not None:
            return one.value
        return next((step.value for step in self.footprint.steps if step.name == name), None)

    @property
    def multiplier(self) -> float:
        """All runs over the final run."""
        return self.value("run_multiplier") or 1.0

    @property
    def has_other_runs(self) -> bool:
        """Whether development runs or repetitions are inside."""
        return self.multiplier > 1.0

    @property
    def development_is_known(self) -> bool:
        """Whether the user said how much the development took, were it nothing."""
        one = self.assumption("development_factor")
        return self.workload.development_factor > 0 or (one is not None and one.status == "given")

    def of_final_run(self, amount: Range | float | None) -> float | None:
        """The part of an amount that the final run alone took."""
        if amount is None:
            return None
        return (amount.central if isinstance(amount, Range) else amount) / self.multiplier

    @property
    def final_facility_kwh(self) -> float:
        """Energy of the final run, with the overhead of the facility, in kWh."""
        return self.result.facility_energy_kwh.central / self.multiplier

    @property
    def final_it_kwh(self) -> float:
        """Energy of the final run, before PUE, in kWh."""
        return self.result.it_energy_kwh.central / self.multiplier

    @property
    def final_location_based_kgco2e(self) -> float:
        """Emissions of the electricity of the final run, by the grid, in kgCO2e."""
        return self.result.operational_location_based_kgco2e.central / self.multiplier

    @property
    def final_accelerator_hours(self) -> float | None:
        """Accelerator hours of the final run, in h."""
        return self.of_final_run(self.result.accelerator_hours)

    @property
    def final_flop(self) -> float | None:
        """Operations of the final run, in FLOP."""
        return self.of_final_run(self.result.total_flop)

    @property
    def duration_h(self) -> float | None:
        """Wall-clock time of the final run, in h."""
        known = self.value("duration_h") or self.workload.duration_h
        if known is None and self.is_training and self.final_accelerator_hours and self.accelerator_count:
            known = self.final_accelerator_hours / self.accelerator_count
        return known

    @property
    def accelerator_count(self) -> float | None:
        """Accelerators at once; how many replicas a service runs on follows from nothing but what the user says."""
        if not self.is_training:
            return self.workload.hardware.accelerator_count
        return self.value("accelerator_count") or self.workload.hardware.accelerator_count

    @property
    def pue(self) -> float:
        """Facility energy over IT energy."""
        return self.result.facility_energy_kwh.central / self.result.it_energy_kwh.central

    @property
    def grid_gco2e_per_kwh(self) -> float:
        """The grid's intensity, of all places together, in gCO2e/kWh."""
        emitted = self.result.operational_location_based_kgco2e.central
        return emitted * G_PER_KG / self.result.facility_energy_kwh.central

    @property
    def grid_basis(self) -> Literal["life-cycle", "direct", "given", "unknown"]:
        """What the grid's factor counts, as far as its source says."""
        one = self.assumption("grid_intensity_gco2e_per_kwh")
        if one is None:
            return "unknown"
        if one.status == "given":
            return "given"
        return "life-cycle" if "life-cycle" in one.note else "direct" if "direct" in one.note else "unknown"

    @property
    def parameters_count(self) -> float | None:
        """All parameters of the model."""
        known = self.workload.model.parameters_count or self.value("parameters_count")
        if known is None and self.workload.model.preset is None and self.workload.model.active_parameters_count is None:
            return None
        return known or _preset_parameters(self.workload)

    @property
    def active_parameters_count(self) -> float | None:
        """Parameters active for one token."""
        return (
            self.workload.model.active_parameters_count
            or self.value("active_parameters_count")
            or self.parameters_count
        )

    @property
    def training_tokens(self) -> float | None:
        """Tokens of the final training."""
        return self.workload.model.training_tokens or self.value("training_tokens")

    @property
    def served_tokens(self) -> float | None:
        """Tokens read and written by all requests."""
        counts = [self.value(name) for name in ("requests_count", "input_tokens", "output_tokens")]
        requests, read, written = counts
        if self.is_training or requests is None or (read is None and written is None):
            return None
        return requests * ((read or 0.0) + (written or 0.0)) * self.multiplier

    @property
    def is_fine_tuning(self) -> bool:
        """Whether the run itself says that it starts from another model."""
        return self.is_training and self.workload.model.training_kind != "full"

    # --- sentences ----------------------------------------------------------------------------------------------------

    @property
    def hardware(self) -> str:
        """The accelerators, or else the processors, as people name them."""
        if not self.accelerator_name and not self.accelerator_count:
            return self._processors
        count = f"{figures.number(self.accelerator_count)} " if self.accelerator_count else ""
        return f"{count}{self.accelerator_name or 'accelerators'}"

    @property
    def _processors(self) -> str:
        hardware = self.workload.hardware
        sockets = f"{hardware.cpu_count:,} " if hardware.cpu_count and hardware.cpu else ""
        parts = [
            f"{sockets}{hardware.cpu}" if hardware.cpu else "",
            f"{hardware.cpu_core_count:,} CPU cores" if hardware.cpu_core_count else "",
            f"{figures.number(hardware.memory_gb)} GB of memory" if hardware.memory_gb else "",
        ]
        return ", ".join(part for part in parts if part)

    @property
    def per_unit(self) -> str:
        """Energy and emissions of one unit of service; empty where none is counted."""
        served = self.result.functional_unit
        if served is None:
            return ""
        share = "with" if self.result.embodied_share_kgco2e else "without"
        return (
            f"{figures.energy(served.kwh_per_unit.central)} and {figures.mass(served.kgco2e_per_unit.central)} "
            f"(location-based, {share} the embodied share)"
        )

    @property
    def method(self) -> str:
        """How the energy was computed, as a sentence goes on."""
        return METHODS[self.footprint.method_told]

    @property
    def energy_quality(self) -> str:
        """How the energy came about."""
        if self.footprint.is_metered and self.footprint.energy_quality != "counter":
            return "measured at the servers, the data centre's overhead added by PUE"
        return ENERGY_QUALITIES[self.footprint.energy_quality]

    @property
    def boundary(self) -> str:
        """What the energy counts, and what it does not."""
        includes = self.footprint.boundary_includes or (
            ("accelerators", "host", "facility")
            if self.footprint.boundary == "servers"
            else ("accelerators", "facility")
        )
        names = {
            "accelerators": "accelerators",
            "host": f"the {'rest of the ' if 'accelerators' in includes else ''}servers (CPUs, memory, network)",
            "processors": "CPUs and memory",
            "facility": f"the data centre's overhead (PUE {figures.number(self.pue)})",
            "idle": "idle time",
        }
        counted = [name for part, name in names.items() if part in includes]
        left_out = [name for part, name in names.items() if part not in includes and part == "host"]
        if "processors" in includes:
            left_out = ["the rest of the servers (network, disks, fans)"]
            if "accelerators" not in includes:
                left_out.insert(0, "accelerators")
        return _listed(counted) + (f"; not counted: {_listed(left_out)}" if left_out else "")

    @property
    def runs(self) -> str:
        """Which runs are inside."""
        if not self.is_training:
            return "" if not self.has_other_runs else f"All runs, {figures.number(self.multiplier)} times one of them."
        run = "measured run" if self.is_only_measured else "final training run"
        if not self.has_other_runs:
            known = "None were needed." if self.development_is_known else "How much they took is unknown."
            return f"The {run} only; development and failed runs are not included. {known}"
        factor, count = self.workload.development_factor, self.workload.repeat_count
        what = f" and development runs of {figures.number(factor)} times its energy" if factor else ""
        if count > 1:
            what += f", the whole {count:,} times over" if factor else f", {count:,} times over"
        return f"The {run}{what}; together {figures.number(self.multiplier)} times the final run."

    @property
    def market_based(self) -> str:
        """The figure by contract, or that it is unknown."""
        amount = self.result.operational_market_based_kgco2e
        return "unknown, as no contracts are stated" if amount is None else figures.mass_range(amount)

    @property
    def embodied(self) -> str:
        """The share of making the hardware, or that it is unknown."""
        amount = self.result.embodied_share_kgco2e
        return "not included" if amount is None else figures.mass_range(amount)

    @property
    def grid_note(self) -> str:
        """The grid's factor and where it came from."""
        one = self.assumption("grid_intensity_gco2e_per_kwh")
        text = f"{figures.number(self.grid_gco2e_per_kwh)} gCO2e/kWh"
        if one is None:
            return text
        return f"{text} ({'as the user gave it' if one.status == 'given' else one.note.rstrip('.') or 'looked up'})"

    @property
    def made_with(self) -> str:
        """What made the figures, and under which versions."""
        one = self.footprint
        return f"Wattprint {one.engine_version}, dataset {one.dataset_version}, inputs {one.input_digest[:16]}"


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1] if items else ""


def _accelerator_name(asked: str) -> str:
    if not asked:
        return ""
    try:
        return catalogue.find_hardware(asked).accelerator.name
    except InputProblems:
        return asked  # the present tables do not know it any more


def _preset_parameters(workload: Workload) -> float | None:
    if workload.model.preset is None:
        return None
    try:
        return catalogue.find_model(workload.model.preset).row.parameters_count
    except InputProblems:
        return None


def _place(workload: Workload) -> tuple[str, str, str]:
    """Where it ran, as finely as it was said, the country, and its code of three letters."""
    location = workload.location
    said = location.region or location.zone or location.country or ""
    if not said:
        return "", "", ""
    places = catalogue.shelf().places
    try:
        spot = places.locate(location)
    except InputProblems:
        return said, "", ""  # the present tables do not know it any more
    zones = places.grids
    country, iso3 = "", ""
    if spot.zone:
        rows = (zones.preferred[zone] for zone in zones.enclosing(spot.zone))
        country, iso3 = next(((row.name, row.iso3) for row in rows if row.iso3), ("", ""))
    if spot.region:
        said = f"{spot.region.provider} {spot.region.region} ({spot.region.place}, {spot.region.country})"
        return said, country or spot.region.country, iso3
    return zones.label(spot.zone) if spot.zone else said, country, iso3
