"""The one table between the form and the workload: each field, the path it fills, and how it is written."""

from dataclasses import dataclass
from typing import Final, Literal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from estimator.forms.choices import Words

#: How a field is written: "count" is a whole number and "amount" any number with k, M, B or T; "percent" shows a share,
#: "list" many numbers with spaces between them.
Kind = Literal["text", "number", "percent", "whole", "count", "amount", "hours", "choice", "flag", "list"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of the form and the place in the workload that it fills."""

    name: str
    path: str  #: "hardware.mean_system_power_w"; "location" is filled by one box
    kind: Kind
    label: Words
    help: Words = ""
    unit: Words = ""
    group: str = ""  #: section of the Expert part; empty for the main fields
    width: str = ""  #: class of the layout
    combobox: str = ""  #: kind of the catalogue search
    placeholder: Words = ""
    activity: str = ""  #: the only activity that needs it; empty where both do
    setting: str = ""  #: what the operator must have set for the field to be offered


GROUPS: Final[dict[str, Words]] = {
    "operations": _("Operations of the training"),
    "serving": _("How requests are served"),
    "power": _("Measured draw"),
    "cores": _("Processors and memory"),
    "around": _("Around the accelerators"),
    "measured": _("Measured energy and method"),
    "electricity": _("Electricity"),
    "market": _("Contracts and certificates"),
    "embodied": _("Making the hardware"),
    "project": _("The whole project"),
    "range": _("Range"),
}

#: Sections that only one activity needs.
GROUP_ACTIVITIES: Final = {"operations": "training", "serving": "inference"}

_LOW: Final = _("It lies above this in 19 of 20 cases. Empty: the usual spread.")
_HIGH: Final = _("It lies below this in 19 of 20 cases. Empty: the usual spread.")

# fmt: off
ENTRIES: Final[tuple[Entry, ...]] = (
    Entry(
        "activity", "activity", "choice", _("What to estimate"),
    ),
    Entry(
        "title", "title", "text", _("Model"), width="two-thirds", combobox="model",
        help=_("A name for the report. Known models fill in their size."), placeholder=_("BERT base"),
    ),
    Entry(
        "parameters_count", "model.parameters_count", "count", _("Parameters"), width="third",
        help=_("Such as 110M, 7B or 1.5e9."), placeholder="110M",
    ),
    Entry(
        "accelerator", "hardware.accelerator", "text", _("Hardware"), width="two-thirds", combobox="accelerator",
        help=_("GPU, TPU or other accelerator: type a few letters."), placeholder="A100",
    ),
    Entry(
        "accelerator_count", "hardware.accelerator_count", "whole", pgettext_lazy("of devices", "How many"),
        width="third",
        help=_("Used at once."), placeholder="8",
    ),
    Entry(
        "duration_h", "duration_h", "hours", _("How long it ran"), unit="h", width="third",
        help=_("Hours, or 3.5 days, or 3d 4h."), placeholder="24",
    ),
    Entry(
        "place", "location", "text", _("Where it ran"), width="two-thirds end", combobox="place",
        help=_("Country, grid zone or cloud region. Empty: world average."), placeholder=_("France"),
    ),
    Entry(
        "requests_count", "inference.requests_count", "count", _("Requests"), width="third", activity="inference",
        help=_("1M for a million."), placeholder="1M",
    ),
    Entry(
        "input_tokens", "inference.input_tokens", "count", pgettext_lazy("length", "Prompt"), unit=_("tokens"),
        width="third", activity="inference", help=_("On average. Empty: 200, as in chat."), placeholder="200",
    ),
    Entry(
        "output_tokens", "inference.output_tokens", "count", pgettext_lazy("length", "Answer"), unit=_("tokens"),
        width="third", activity="inference", help=_("Hidden reasoning counts. Empty: 400."), placeholder="400",
    ),
    # Expert
    Entry(
        "training_tokens", "model.training_tokens", "count", _("Tokens seen"), group="operations", width="half",
        help=_("Each as often as it was seen. With parameters and hardware it tells the hours."), placeholder="2T",
    ),
    Entry(
        "active_parameters_count", "model.active_parameters_count", "count", _("Active parameters"),
        group="operations", width="half", help=_("Of a mixture of experts: those that work on one token."),
        placeholder="37B",
    ),
    Entry(
        "training_kind", "model.training_kind", "choice", _("What is trained"), group="operations", width="half",
    ),
    Entry(
        "training_precision", "model.training_precision", "choice", _("Precision"), group="operations", width="half",
    ),
    Entry(
        "mfu", "hardware.mfu", "percent", _("Model FLOP utilisation"), unit="%", group="operations", width="half",
        help=_("Of the whole job, pauses included. Empty: that of published runs, 22 to 32 %."),
    ),
    Entry(
        "task", "inference.task", "choice", _("What one request is"), group="serving",
        help=_("Of images, videos and the like, requests are their number."),
    ),
    Entry(
        "batch_size", "inference.batch_size", "count", _("Served at once"), group="serving", width="half",
        help=_("Requests in one batch, on average. It moves the energy most."), placeholder="64",
    ),
    Entry(
        "serving_precision", "inference.precision", "choice", _("Precision"), group="serving", width="half",
    ),
    Entry(
        "mean_system_power_w", "hardware.mean_system_power_w", "number", _("All servers together"), unit="W",
        group="power",
        help=_("Mean draw of everything: CPUs, memory and accelerators of the run."),
    ),
    Entry(
        "mean_accelerator_power_w", "hardware.mean_accelerator_power_w", "number", _("One accelerator"), unit="W",
        group="power", help=_("Mean draw of one device, as nvidia-smi shows it."),
    ),
    Entry(
        "mean_accelerator_power_low_w", "hardware.mean_accelerator_power_low_w", "number",
        _("One accelerator, at least"), unit="W", group="power", width="half", help=_LOW,
    ),
    Entry(
        "mean_accelerator_power_high_w", "hardware.mean_accelerator_power_high_w", "number",
        _("One accelerator, at most"), unit="W", group="power", width="half", help=_HIGH,
    ),
    Entry(
        "mean_cpu_power_w", "hardware.mean_cpu_power_w", "number", _("All CPUs"), unit="W", group="power",
        help=_("Mean draw of all sockets together."),
    ),
    Entry(
        "mean_cpu_power_low_w", "hardware.mean_cpu_power_low_w", "number", _("All CPUs, at least"), unit="W",
        group="power", width="half", help=_LOW,
    ),
    Entry(
        "mean_cpu_power_high_w", "hardware.mean_cpu_power_high_w", "number", _("All CPUs, at most"), unit="W",
        group="power", width="half", help=_HIGH,
    ),
    Entry(
        "utilisation", "hardware.utilisation", "percent", _("Utilisation"), unit="%", group="power", width="half",
        help=_("Share of the draw really used; of the board’s limit where no draw is given."),
    ),
    Entry(
        "mean_memory_power_w", "hardware.mean_memory_power_w", "number", _("All memory"), unit="W", group="power",
        width="half", help=_("Mean draw of all modules together."),
    ),
    Entry(
        "measured_on", "hardware.measured_on", "text", _("Measured on"), group="power",
        help=_("Machine, runs and hours: it stands beside the draw in the report. Leave it empty to say nothing."),
    ),
    Entry(
        "cpu", "hardware.cpu", "text", _("Processor"), group="cores", width="half", placeholder="EPYC 7742",
        combobox="cpu",
        help=_("For runs on processors, with their memory and hours."),
    ),
    Entry(
        "memory_gb", "hardware.memory_gb", "number", _("Memory"), unit="GB", group="cores", width="half",
        help=_("All that is available to the run."),
    ),
    Entry(
        "cpu_count", "hardware.cpu_count", "whole", _("Processors"), group="cores", width="half",
        help=_("Whole chips."), placeholder="1",
    ),
    Entry(
        "cpu_core_count", "hardware.cpu_core_count", "whole", _("Cores"), group="cores", width="half",
        help=_("Where the run had a part of a chip only. Beats the number of chips."),
    ),
    Entry(
        "host_overhead_share", "hardware.host_overhead_share", "percent", _("CPUs, memory, network"), unit="%",
        group="around", width="half", help=_("Over the energy of the accelerators: published servers 20 to 45 %."),
    ),
    Entry(
        "idle_share", "hardware.idle_share", "percent", _("Idle"), unit="%", group="around", width="half",
        help=_("Share of the energy drawn while reserved and unused."),
    ),
    Entry(
        "method", "method", "choice", _("Method"), group="measured",
    ),
    Entry(
        "it_energy_kwh", "it_energy_kwh", "number", _("Energy of the servers"), unit="kWh", group="measured",
        help=_("By meter or counter, before PUE. Beats every estimate."),
    ),
    Entry(
        "it_energy_low_kwh", "it_energy_low_kwh", "number", _("That energy, at least"), unit="kWh", group="measured",
        width="half", help=_LOW,
    ),
    Entry(
        "it_energy_high_kwh", "it_energy_high_kwh", "number", _("That energy, at most"), unit="kWh", group="measured",
        width="half", help=_HIGH,
    ),
    Entry(
        "it_energy_quality", "it_energy_quality", "choice", _("What told it"), group="measured",
    ),
    Entry(
        "it_energy_covers", "it_energy_covers", "choice", _("What it is the energy of"), group="measured",
    ),
    Entry(
        "accelerator_hours", "accelerator_hours", "number", _("Accelerator hours"), unit="h", group="measured",
        width="half",
        help=_("Devices × hours, where a scheduler counted them. Beats count times duration."),
    ),
    Entry(
        "pue", "pue", "number", "PUE", group="electricity", width="half",
        help=_("Energy of the whole data centre over that of its servers."), placeholder="1.2",
    ),
    Entry(
        "grid_intensity_gco2e_per_kwh", "grid_intensity_gco2e_per_kwh", "number", _("Grid intensity"), unit="gCO₂e/kWh",
        group="electricity", width="half", help=_("Beats the look-up by place."),
    ),
    Entry(
        "year", "year", "whole", _("Year of the grid"), group="electricity", width="half",
        help=_("Empty: the newest that is known."), placeholder="2025",
    ),
    Entry(
        "grid_signal", "grid_signal", "choice", _("Which intensity"), group="electricity", width="half",
        setting="ELECTRICITY_MAPS_KEY", help=_("For a run of this hour."),
    ),
    Entry(
        "hourly_intensity_gco2e_per_kwh", "hourly_profile.hourly_intensity_gco2e_per_kwh", "list",
        _("Grid hour by hour"), unit="gCO₂e/kWh", group="electricity",
        help=_("24 numbers or more, from midnight on, with spaces between them. Beside a grid intensity only how they "
               "differ counts."),
    ),
    Entry(
        "start_hour", "hourly_profile.start_hour", "whole", _("Hour of the start"), unit="h", group="electricity",
        width="half", help=_("In that list, from 0 on."), placeholder="0",
    ),
    Entry(
        "electricity_price_usd_per_kwh", "electricity_price_usd_per_kwh", "number", _("Price"), unit="USD/kWh",
        group="electricity", width="half", help=_("For the cost; no effect on emissions."),
    ),
    Entry(
        "contracted_share", "market_based.contracted_share", "percent", _("Share under contract"), unit="%",
        group="market",
        help=_("Power purchase agreements and certificates. Shown beside the headline, never taken off it."),
    ),
    Entry(
        "contract_intensity_gco2e_per_kwh", "market_based.contract_intensity_gco2e_per_kwh", "number",
        _("Intensity of the contract"), unit="gCO₂e/kWh", group="market", width="half",
        help=_("0 for wind and sun by direct emissions."),
    ),
    Entry(
        "residual_intensity_gco2e_per_kwh", "market_based.residual_intensity_gco2e_per_kwh", "number",
        _("Intensity of the rest"), unit="gCO₂e/kWh", group="market", width="half",
        help=_("The residual mix of the grid."),
    ),
    Entry(
        "certificates_share", "market_based.certificates_share", "percent", _("Covered by certificates"), unit="%",
        group="market", width="half", help=_("Guarantees of origin or RECs bought without the electricity."),
    ),
    Entry(
        "embodied_include", "embodied.include", "flag", _("Count the making of the accelerators"), group="embodied",
    ),
    Entry(
        "lifetime_years", "embodied.lifetime_years", "number", _("Service life"), unit=_("years"), group="embodied",
        width="half", help=_("How long the devices are in use."),
    ),
    Entry(
        "lifetime_utilisation", "embodied.lifetime_utilisation", "percent", _("In use"), unit="%", group="embodied",
        width="half", help=_("Share of that life in which anyone uses them."),
    ),
    Entry(
        "development_factor", "development_factor", "number", _("Development runs"), unit="×", group="project",
        width="half",
        help=_("Their energy over that of this run: 0 for none, 1 for as much again."),
    ),
    Entry(
        "repeat_count", "repeat_count", "whole", _("Repeats"), unit="×", group="project", width="half",
        help=_("How often the whole run was done."),
    ),
    Entry(
        "functional_unit_name", "functional_unit.name", "text", _("Per what"), group="project", width="half",
        help=_("To state the total per unit."), placeholder=_("1,000 requests"),
    ),
    Entry(
        "functional_unit_count", "functional_unit.count", "amount", _("How many of them"), group="project",
        width="half",
        help=_("Units that the run serves."),
    ),
    Entry(
        "draws_count", "uncertainty.draws_count", "whole", _("Draws"), group="range", width="half",
        help=_("0 switches the range off."),
    ),
    Entry(
        "seed", "uncertainty.seed", "whole", _("Seed"), group="range", width="half",
        help=_("The same seed gives the same range."),
    ),
)
# fmt: on

BY_NAME: Final = {entry.name: entry for entry in ENTRIES}
MAIN: Final = tuple(entry for entry in ENTRIES if not entry.group)

#: Paths of the workload that no field fills. They are kept as they are when a stored run is edited.
NOT_ON_THE_FORM: Final = {
    "model.preset": "set when the name of the model is one of the catalogue",
    "levers": "reductions have a page of their own",
}
