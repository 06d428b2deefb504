"""The one table between the form and the workload: each field, the path it fills, and how it is written."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import get_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from estimator.core.inputs import AVAILABLE_METHODS
from estimator.forms import numbers

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    Words = _StrOrPromise
else:
    Words = object  # a text, or one that is translated when it is shown

#: How a field is written: "count" is a whole number and "amount" any number with k, M, B or T; "percent" shows a share.
Kind = Literal["text", "number", "percent", "whole", "count", "amount", "hours", "choice", "flag"]


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


#: The methods that the form offers.
METHOD_LABELS: Final[dict[str, Words]] = {
    "auto": _("Choose for me: the most direct one that the fields allow"),
    "strubell_2019": _("Strubell et al. 2019: mean draw × hours × PUE"),
    "device_hours": _("Device hours: accelerators × rated draw × hours × PUE"),
    "measured": _("Measured energy × PUE"),
}

GROUPS: Final[dict[str, Words]] = {
    "power": _("Measured draw"),
    "measured": _("Measured energy and method"),
    "electricity": _("Electricity"),
    "market": _("Contracts and certificates"),
    "embodied": _("Making the hardware"),
    "project": _("The whole project"),
    "range": _("Range"),
}

# fmt: off
ENTRIES: Final[tuple[Entry, ...]] = (
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
    # Expert
    Entry(
        "mean_system_power_w", "hardware.mean_system_power_w", "number", _("All servers together"), unit="W",
        group="power",
        help=_("Mean draw of everything: CPUs, memory and accelerators of the run."),
    ),
    Entry(
        "mean_accelerator_power_w", "hardware.mean_accelerator_power_w", "number", _("One accelerator"), unit="W",
        group="power", width="half", help=_("Mean draw of one device, as nvidia-smi shows it."),
    ),
    Entry(
        "utilisation", "hardware.utilisation", "percent", _("Utilisation"), unit="%", group="power", width="half",
        help=_("Share of the draw really used; of the board’s limit where no draw is given."),
    ),
    Entry(
        "mean_cpu_power_w", "hardware.mean_cpu_power_w", "number", _("All CPUs"), unit="W", group="power", width="half",
        help=_("Mean draw of all sockets together."),
    ),
    Entry(
        "mean_memory_power_w", "hardware.mean_memory_power_w", "number", _("All memory"), unit="W", group="power",
        width="half", help=_("Mean draw of all modules together."),
    ),
    Entry(
        "method", "method", "choice", _("Method"), group="measured",
    ),
    Entry(
        "it_energy_kwh", "it_energy_kwh", "number", _("Energy of the servers"), unit="kWh", group="measured",
        width="half",
        help=_("By meter or counter, before PUE. Beats every estimate."),
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
    "grid_signal": "live intensities are for programs",
    "activity": "the form is about trainings",
    "model.preset": "set when the name of the model is one of the catalogue",
    **dict.fromkeys(
        (
            "model.active_parameters_count",
            "model.training_tokens",
            "model.training_kind",
            "model.training_precision",
            "hardware.mfu",
            "hardware.cpu",
            "hardware.cpu_count",
            "hardware.cpu_core_count",
            "hardware.memory_gb",
            "hardware.host_overhead_share",
            "hardware.idle_share",
            "market_based.certificates_share",
            "inference",
        ),
        "no method that the form offers uses it",
    ),
    "levers": "reductions have a page of their own",
}


def decimal_mark() -> str:
    """Decimal mark of the reader's language."""
    return "," if get_format("DECIMAL_SEPARATOR") == "," else "."


class QuantityField(forms.CharField):
    """A text box whose text becomes the number that the workload holds; what cannot be read says what to write."""

    def __init__(self, entry: Entry, **kwargs: Any) -> None:
        super().__init__(required=False, label=entry.label, help_text=entry.help, **kwargs)
        self.entry = entry

    def to_python(self, value: Any) -> Any:
        """The number, in the unit of the workload; None where nothing was typed."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            number = _READERS[self.entry.kind](text, decimal_mark=decimal_mark())
        except numbers.Ambiguous as twofold:
            one, other = twofold.readings
            raise ValidationError(
                _("This can be read in two ways. Write %(one)s or %(other)s."),
                code="ambiguous",
                params={"one": one, "other": other},
            ) from None
        except ValueError:
            raise ValidationError(_NOT_A_NUMBER[self.entry.kind], code="not_a_number") from None
        if self.entry.kind in {"whole", "count"}:
            if not number.is_integer():
                raise ValidationError(_("Give a whole number."), code="not_whole")
            return int(number)
        return number


_READERS: Final = {
    "number": numbers.parse_number,
    "percent": numbers.parse_percent,
    "whole": numbers.parse_number,
    "count": numbers.parse_count,
    "amount": numbers.parse_count,
    "hours": numbers.parse_hours,
}
_NOT_A_NUMBER: Final[dict[Kind, Words]] = {
    "number": _("Give a number, such as 250 or 0.5."),
    "percent": _("Give a number of per cent, such as 85."),
    "whole": _("Give a whole number, such as 8."),
    "count": _("Give a number, such as 110M, 7B or 1.5e9."),
    "amount": _("Give a number, such as 1000, 20k or 1.5M."),
    "hours": _("Give hours, such as 79 or 3.5 days or 3d 4h."),
}


def written(entry: Entry, value: Any) -> Any:
    """A value of the workload as it stands in the field; the reverse of `QuantityField.to_python`."""
    if value is None:
        return ""
    if entry.kind == "percent":
        value = float(Decimal(repr(value)) * 100)
    if entry.kind == "count":
        return numbers.count_text(value, decimal_mark=decimal_mark())
    if entry.kind in _READERS:
        return numbers.plain(value, decimal_mark=decimal_mark())
    return value


def form_field(entry: Entry, *, keep: str = "auto") -> forms.Field:
    """The Django field of one entry; `keep` is a choice that stays possible, for an earlier run that made it."""
    described_by = f"help-{entry.name} msg-{entry.name}"
    attributes: dict[str, Any] = {"aria-describedby": described_by, "autocomplete": "off", "spellcheck": "false"}
    if entry.placeholder:
        attributes["placeholder"] = entry.placeholder
    if entry.combobox:
        attributes["data-combobox"] = entry.combobox
    if entry.kind == "flag":
        return forms.BooleanField(
            required=False, label=entry.label, widget=forms.CheckboxInput({"aria-describedby": described_by})
        )
    if entry.kind == "choice":
        return forms.ChoiceField(
            label=entry.label,
            required=False,
            choices=[
                (key, METHOD_LABELS.get(key, key))
                for key in dict.fromkeys(("auto", *AVAILABLE_METHODS, keep))
                if key in METHOD_LABELS or key == keep
            ],
            widget=forms.Select({"aria-describedby": described_by}),
        )
    if entry.kind == "text":
        return forms.CharField(
            required=False, label=entry.label, help_text=entry.help, widget=forms.TextInput(attributes)
        )
    if entry.kind not in {"count", "amount", "hours"}:
        attributes["inputmode"] = "decimal"
    return QuantityField(entry, widget=forms.TextInput(attributes))
