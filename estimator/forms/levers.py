"""The switches of a scenario: texts in, levers out, and back; what is wrong is said at the setting that it concerns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import DjangoTemplates
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError as LeversError

from estimator.core.factors import Factors
from estimator.core.inputs import InputProblem, InputProblems, Location, Workload
from estimator.core.levers.settings import Lever, Quantisation, Region, RenewableContract
from estimator.core.problems import problems_of
from estimator.core.scenarios import levers_of
from estimator.forms import lookups, numbers
from estimator.forms.boxes import decimal_mark, form_field, written
from estimator.forms.fields import Entry
from estimator.forms.lever_fields import (
    BY_NAME,
    ENTRIES,
    GROUPS,
    LEVER_CHOICES,
    LEVER_PAGE,
    NOTES,
    OF_LEVER,
    SHOWN_AS,
    SLIDERS,
)
from estimator.forms.stacks import as_json
from estimator.models.scenario import LONGEST_NAME
from estimator.reference.lever_texts import LEVER_NAMES
from estimator.reference.plans import other_boards
from estimator.reference.scenarios import trial_refusals

#: Places that one list of clients may name.
_MOST_PLACES: Final = 300
_BOUNDS: Final = frozenset({"gt", "ge", "lt", "le"})
_LISTED: Final = re.compile(r"\s?:\s*%\(near\)s")
_SHARE: Final = re.compile(r"(?P<place>.*?)\s+(?P<share>[\d.,]+)\s*%")


@dataclass(frozen=True, slots=True)
class Slider:
    """The slider beside a number."""

    least: float
    most: float
    step: float


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as the page draws it."""

    entry: Entry
    field: forms.BoundField
    warnings: tuple[str, ...]
    suggestions: tuple[str, ...]
    slider: Slider | None


@dataclass(frozen=True, slots=True)
class Switch:
    """One lever as the page draws it."""

    lever: str
    name: str
    note: str
    page: str
    field: forms.BoundField
    is_on: bool
    rows: tuple[Row, ...]
    refusal: str  #: why it cannot act on this run; empty where it can
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A list of levers under a heading."""

    key: str
    label: str
    switches: tuple[Switch, ...]


class LeversForm(forms.Form):
    """
    Switches and their settings.

    Parameters
    ----------
    data : mapping, optional
        What was sent.
    run, factors : Workload, Factors
        The run as it is: what levers are set to at first follows from it, and which of them can act.
    base : sequence of Lever
        Levers to begin with. What of them the page does not show is kept.
    name : str
        What the scenario is called.
    """

    default_renderer = DjangoTemplates()

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        run: Workload,
        factors: Factors,
        base: Sequence[Lever] = (),
        name: str = "",
    ) -> None:
        self.run, self.factors = run, factors
        self.base: dict[str, Lever] = {lever.lever: lever for lever in base}
        super().__init__(data, initial=self._initial() | {"name": name})
        self.fields["name"] = forms.CharField(
            required=False,
            max_length=LONGEST_NAME,
            label=_("Name"),
            widget=forms.TextInput({"autocomplete": "off", "aria-describedby": "msg-name"}),
        )
        for lever in OF_LEVER:
            self.fields[f"{lever}-on"] = forms.BooleanField(
                required=False, widget=forms.CheckboxInput({"role": "switch", "aria-describedby": f"about-{lever}"})
            )
        for entry in ENTRIES:
            self.fields[entry.name] = _field(entry)
        self.refused = trial_refusals(run, factors)
        self.levers: tuple[Lever, ...] | None = None
        self.suggestions: dict[str, tuple[str, ...]] = {}
        self.lever_problems: dict[str, list[str]] = {}
        #: Levers by their place in the list that problems speak of.
        self._sent: list[str] = [lever.lever for lever in base]

    # --- what it begins with ------------------------------------------------------------------------------------------

    def _initial(self) -> dict[str, Any]:
        initial = {entry.name: written(entry, value) for entry, value in self._defaults()}
        for lever in self.base.values():
            initial |= {f"{lever.lever}-on": True, **_texts_of(lever)}
        return initial

    def _defaults(self) -> Iterable[tuple[Entry, Any]]:
        """What a lever is set to when it is switched on: a change that is worth a look."""
        known = {name: one.value for name, one in self.factors.assumptions.items()}
        count, tokens = known.get("accelerator_count"), known.get("output_tokens")
        batch, active = known.get("batch_size"), known.get("active_parameters_count")
        boards = other_boards(self.run)
        at_home = self.run.location.country in ("SE", "SWE")
        values: dict[str, Any] = {
            "pruning-kind": "unstructured",
            "pruning-sparsity": 0.5,
            "quantisation-bits": "8",
            "hardware-accelerator": boards[0].name if boards else "",
            "distributed-accelerator_count": round(count * 2) if count else 4,
            "distributed-scaling_efficiency": None if count or self.factors.method == "inference_tokens" else 0.9,
            "federated-clients_count": 100,
            "federated-rounds_count": 100,
            "federated-mean_device_power_w": 5.0,
            "federated-local_time_s": 300.0,
            "federated-bytes_up_gb": 0.05,
            "federated-bytes_down_gb": 0.05,
            "reuse-kind": "fine_tuning",
            "reuse-base_model_share": "cut_off",
            "region-location": gettext("Norway") if at_home else gettext("Sweden"),
            "time_shift-window_h": 24.0,
            "renewable_contract-contracted_share": 1.0,
            "pue-pue": 1.1,
            "batch_size-batch_size": round(batch * 4) if batch else None,
            "power_cap-power_cap_share": 0.7,
            "early_stopping-stopped_share": 0.2,
            "output_length-output_tokens": max(round(tokens / 2), 1) if tokens else None,
            "mixture_of_experts-active_parameters_count": max(round(active / 4), 1) if active else None,
        }
        return [(entry, values.get(entry.name)) for entry in ENTRIES]

    # --- what was sent ------------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Build the levers; every bound that they do not keep becomes the error of a field."""
        cleaned = self.cleaned_data
        self._sent = [lever for lever in OF_LEVER if cleaned.get(f"{lever}-on") and lever not in self.refused]
        for name in [name for name in self.errors if name in BY_NAME and BY_NAME[name].group not in self._sent]:
            # What stands in a lever that is off does not matter.
            del self.errors[name]
        plain = [self._plain(lever, cleaned) for lever in self._sent]
        if self.errors:
            return cleaned
        try:
            levers = levers_of(plain)
        except LeversError as error:
            self.add_problems(problems_of(error.errors(include_url=False)))
        else:
            self.levers = levers
        return cleaned

    def _plain(self, lever: str, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """One lever as programs write it: what the page shows, over what it does not."""
        base = self.base.get(lever)
        kept = base.model_dump(mode="json", exclude_defaults=True) if base is not None else {}
        shown: dict[str, Any] = {}
        for entry in OF_LEVER[lever]:
            value = cleaned.get(entry.name)
            kept.pop(entry.path, None)
            if base is not None and entry.kind == "text" and value == self.initial.get(entry.name, ""):
                # A name that was not touched means what it meant.
                shown |= _as_it_was(base, entry.path)
            elif value not in (None, "", False):
                shown |= self._setting(entry, value)
        if lever == "pruning" and shown.get("kind") == "two_four":
            shown.pop("sparsity", None)
        if lever == "quantisation" and isinstance(base, Quantisation) and base.target_bits == shown.get("bits"):
            shown = {**shown, "bits": base.bits}
        elif lever == "quantisation":
            kept.pop("precision", None)
        if lever == "region":
            kept = {name: value for name, value in kept.items() if name not in Location.model_fields}
        if lever == "power_cap" and shown:
            kept = {}
        if lever == "renewable_contract":
            kept.pop("market_based", None)
            shown.setdefault("contracted_share", 0.0)
        return {**kept, **shown, "lever": lever}

    def _setting(self, entry: Entry, value: Any) -> dict[str, Any]:
        match entry.name:
            case "quantisation-bits":
                return {"bits": int(value)}
            case "hardware-accelerator":
                return {"accelerator": lookups.accelerator_id(value) or value}
            case "region-location":
                return {"location": self._location(value)}
            case "federated-client_locations":
                return {"client_locations": self._places(value)}
            case "time_shift-hourly_intensity_gco2e_per_kwh":
                return {"hourly_intensity_gco2e_per_kwh": self._hours(entry, value)}
        return {entry.path: value}

    def _location(self, text: str) -> dict[str, Any]:
        try:
            return lookups.location_of(text).model_dump(exclude_none=True)
        except InputProblems as found:
            self._add("region-location", found.problems)
            return {}

    def _places(self, text: str) -> list[Any]:
        """Places with commas between them, each perhaps with its share."""
        places: list[Any] = []
        for item in filter(None, (part.strip() for part in text.split(",")[:_MOST_PLACES])):
            shared = _SHARE.fullmatch(item)
            if shared is None:
                places.append(item)
            else:
                share = numbers.parse_percent(shared["share"], decimal_mark=decimal_mark())
                places.append({"place": shared["place"], "share": share})
        return places

    def _hours(self, entry: Entry, text: str) -> list[float]:
        try:
            return [
                numbers.parse_number(item, decimal_mark=decimal_mark()) for item in re.split(r"[\s;]+", text.strip())
            ]
        except ValueError:
            self.add_error(entry.name, gettext("Give numbers with spaces between them, such as 320 290 180."))
            return []

    # --- what is wrong ------------------------------------------------------------------------------------------------

    def add_problems(self, problems: Iterable[InputProblem]) -> None:
        """Put each problem of the levers that were sent at its setting, or at its lever."""
        for problem in problems:
            _levers, _, rest = problem.path.partition(".")
            number, _, setting = rest.partition(".")
            lever = self._sent[int(number)] if number.isdecimal() and int(number) < len(self._sent) else ""
            setting = setting.partition(".")[0]
            name = SHOWN_AS.get((lever, setting), f"{lever}-{setting}")
            if name in self.fields:
                self._add(name, (problem,))
            elif lever:
                self.lever_problems.setdefault(lever, []).append(_told(problem))
            else:
                self.add_error(None, _told(problem).replace("%", "%%"))
        self.levers = None

    def _add(self, name: str, problems: Iterable[InputProblem]) -> None:
        entry = BY_NAME[name]
        for problem in problems:
            self.add_error(name, ValidationError(_told(problem, entry).replace("%", "%%"), params={}))
            if problem.suggestions:
                of_hardware = entry.combobox == "accelerator"
                self.suggestions[name] = tuple(
                    lookups.accelerator_name(one) if of_hardware else one for one in problem.suggestions
                )

    @property
    def is_wrong(self) -> bool:
        """Whether something must be corrected before it can be computed."""
        return bool(self.errors or self.lever_problems)

    # --- how it is drawn ----------------------------------------------------------------------------------------------

    def row(self, name: str) -> Row:
        """One setting with all that is said about it."""
        slider = SLIDERS.get(name)
        return Row(
            entry=BY_NAME[name],
            field=self[name],
            warnings=(),
            suggestions=self.suggestions.get(name, ()),
            slider=Slider(*slider) if slider is not None else None,
        )

    @property
    def groups(self) -> tuple[Group, ...]:
        """All levers, under their headings."""
        return tuple(
            Group(key, str(label), tuple(self._switch(lever) for lever in levers)) for key, label, levers in GROUPS
        )

    @property
    def switches(self) -> tuple[Switch, ...]:
        """All levers."""
        return tuple(switch for group in self.groups for switch in group.switches)

    def _switch(self, lever: str) -> Switch:
        refusal, field = self.refused.get(lever), self[f"{lever}-on"]
        return Switch(
            lever=lever,
            name=gettext(LEVER_NAMES[lever][0]),
            note=str(NOTES[lever]),
            page=LEVER_PAGE.format(lever=lever),
            field=field,
            is_on=bool(field.value()) and refusal is None,
            rows=tuple(self.row(entry.name) for entry in OF_LEVER[lever]),
            refusal=_told(refusal) if refusal is not None else "",
            problems=tuple(self.lever_problems.get(lever, ())),
        )

    @property
    def base_json(self) -> str:
        """The levers that it began with, to be sent along."""
        return as_json(self.base.values())


def _field(entry: Entry) -> forms.Field:
    if entry.kind != "choice":
        return form_field(entry)
    return forms.ChoiceField(
        label=entry.label,
        required=False,
        choices=list(LEVER_CHOICES[entry.name].items()),
        widget=forms.Select({"aria-describedby": f"help-{entry.name} msg-{entry.name}"}),
    )


def _told(problem: InputProblem, entry: Entry | None = None) -> str:
    """A problem in the reader's language, its bounds in the unit of the field; suggestions stand below as buttons."""
    text = gettext(problem.message)
    params = dict(problem.text_params)
    if entry is not None:
        params |= {key: written(entry, params[key]) for key in _BOUNDS & params.keys()}
        if problem.suggestions:
            text = _LISTED.sub("", text)
    return text % params if params else text.replace("%%", "%")


def _texts_of(lever: Lever) -> dict[str, Any]:
    """What stands in the fields of a lever."""
    plain = lever.model_dump()
    if isinstance(lever, RenewableContract):
        plain |= lever.contracts.model_dump()
    texts = {entry.name: written(entry, plain.get(entry.path)) for entry in OF_LEVER[lever.lever]}
    if isinstance(lever, Region):
        texts["region-location"] = lookups.place_text(lever.place)
    if isinstance(lever, Quantisation):
        texts |= {"quantisation-bits": str(lever.target_bits), "quantisation-kind": lever.kind or ""}
    if lever.lever == "hardware":
        texts["hardware-accelerator"] = lookups.accelerator_name(plain["accelerator"])
    if lever.lever == "federated":
        texts["federated-client_locations"] = ", ".join(
            one if isinstance(one, str) else f"{one['place']} {numbers.plain(one['share'] * 100)} %"
            for one in plain["client_locations"]
        )
    if lever.lever == "time_shift":
        hours = plain["hourly_intensity_gco2e_per_kwh"] or ()
        mark = decimal_mark()
        texts["time_shift-hourly_intensity_gco2e_per_kwh"] = " ".join(
            numbers.plain(one, decimal_mark=mark) for one in hours
        )
    return texts


def _as_it_was(lever: Lever, path: str) -> dict[str, Any]:
    """A setting of a lever that was not touched; a place may be said by several."""
    plain = lever.model_dump(mode="json", exclude_defaults=True)
    names = ("location", *Location.model_fields) if isinstance(lever, Region) and path == "location" else (path,)
    return {name: plain[name] for name in names if name in plain}
