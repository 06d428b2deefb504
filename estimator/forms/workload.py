"""The form of one run: texts in, one `Workload` out, and back; what is wrong is said at the field that it concerns."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms.renderers import DjangoTemplates
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy
from pydantic import ValidationError as WorkloadError

from estimator.core.calibration import BEATEN_METHODS, Calibration, Kind
from estimator.core.footprint import Footprint, Warning
from estimator.core.inputs import InputProblem, InputProblems, Location, Workload
from estimator.core.problems import problems_of
from estimator.core.ranged import RANGES
from estimator.forms import lookups
from estimator.forms.boxes import form_field, written
from estimator.forms.choices import CHOICES
from estimator.forms.fields import BY_NAME, ENTRIES, GROUP_ACTIVITIES, GROUPS, Entry
from estimator.reference import catalogue

#: Bounds that pydantic names in its errors; they are shown in the unit of the field.
_BOUNDS: Final = frozenset({"gt", "ge", "lt", "le"})

#: The part of a message that lists suggestions.
_LISTED: Final = re.compile(r"\s?:\s*%\(near\)s")
#: What the form says instead of the core, where its field is written in another unit than the workload's.
_WARNINGS_IN_PER_CENT: Final = {
    "utilisation_above_1": gettext_lazy("More than 100 % of the draw is used: check this, or give the measured draw."),
}


_ONE_ACCELERATOR: Final = ("mean_accelerator_power_w", *RANGES["mean_accelerator_power_w"])
_ALL_CPUS: Final = ("mean_cpu_power_w", *RANGES["mean_cpu_power_w"])
#: What a calibration writes, by what it is of, and what goes with it.
_MEASURED: Final[Mapping[Kind, tuple[str, ...]]] = {
    "accelerator": ("accelerator", *_ONE_ACCELERATOR),
    "cpu": ("cpu", "cpu_count", *_ALL_CPUS, "accelerator", "accelerator_count", *_ONE_ACCELERATOR),
}
_BESIDE: Final = (
    *("measured_on", "utilisation", "mean_system_power_w", "it_energy_kwh", *RANGES["it_energy_kwh"]),
    *("it_energy_quality", "it_energy_covers"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One field as the page draws it."""

    entry: Entry
    field: forms.BoundField
    warnings: tuple[str, ...]
    suggestions: tuple[str, ...]

    @property
    def swapped(self) -> str:
        """The control, to be put in the place of the one that the page has."""
        return self.field.as_widget(attrs={"hx-swap-oob": "true"})


@dataclass(frozen=True, slots=True)
class Section:
    """One group of the Expert part."""

    key: str
    label: str
    rows: tuple[Row, ...]
    activity: str  #: the only activity that needs it; empty where both do


class WorkloadForm(forms.Form):
    """
    Everything that the page asks about one run.

    Parameters
    ----------
    data : mapping, optional
        What was sent.
    base : Workload, optional
        A run to begin with. Its fields fill the form, and what the form does not show is kept.
    """

    # The widgets come with Django, whichever renderer the site has; one instance, so that they are parsed once.
    default_renderer = DjangoTemplates()

    def __init__(self, data: Mapping[str, Any] | None = None, *, base: Workload | None = None) -> None:
        self.base = base or Workload()
        super().__init__(data, initial=initial_of(self.base))
        self.entries = tuple(entry for entry in ENTRIES if not entry.setting or getattr(settings, entry.setting))
        for entry in self.entries:
            self.fields[entry.name] = form_field(entry)
        self.workload: Workload | None = None
        self.footprint_warnings: dict[str, list[str]] = {}
        self.suggestions: dict[str, tuple[str, ...]] = {}

    def clean(self) -> dict[str, Any]:
        """Build the workload; every bound that it does not keep becomes the error of a field."""
        cleaned = self.cleaned_data
        try:
            workload = Workload.model_validate(self._tree(cleaned))
        except WorkloadError as error:
            self.add_problems(problems_of(error.errors(include_url=False)))
        else:
            self.workload = None if self.errors else workload
        return cleaned

    def _tree(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        tree = self.base.model_dump()
        for entry in self.entries:
            value = cleaned.get(entry.name)
            # A name that was not touched means what it meant: the base may say more than the box can show.
            if entry.combobox and value == self.initial[entry.name]:
                continue
            if entry.name == "place":
                tree["location"] = self._location(value or "")
                continue
            parent, leaf = _parent_of(tree, entry.path)
            if entry.name == "accelerator" and value:
                value = self._accelerator(value)
            elif entry.name == "cpu" and value:
                value = self._cpu(value)
            elif entry.name == "title":
                tree["model"]["preset"] = lookups.model_id(value or "")
            # An empty box means the default, as it does in the API.
            parent[leaf] = _parent_of(_BLANK, entry.path)[0][leaf] if value in (None, "") else value
        return tree

    def _location(self, text: str) -> dict[str, Any]:
        try:
            return lookups.location_of(text).model_dump()
        except InputProblems as found:
            self.add_problems(found.problems)
            return Location().model_dump()

    def _accelerator(self, text: str) -> str:
        """The id, so that the same run has the same digest by form and by API."""
        try:
            return catalogue.find_hardware(text).text
        except InputProblems as found:
            self.add_problems(found.problems)
            return text

    def _cpu(self, text: str) -> str:
        try:
            return catalogue.find_cpu(text).row.id
        except InputProblems as found:
            self.add_problems(found.problems)
            return text

    def add_problems(self, problems: Iterable[InputProblem]) -> None:
        """Put each problem at its field; what concerns no field goes above the form."""
        for problem in map(lookups.readable_names, problems):
            entry = entry_at(problem.path)
            if entry is not None and entry not in self.entries:
                entry = None
            params = dict(problem.text_params)
            if entry is not None:
                params |= {key: written(entry, params[key]) for key in _BOUNDS & params.keys()}
            text = gettext(problem.message)
            if problem.suggestions:
                # They stand below as buttons.
                text = _LISTED.sub("", text)
            text = text % params if params else text
            name = entry.name if entry else NON_FIELD_ERRORS
            if text not in self.errors.get(name, []):
                self.add_error(entry.name if entry else None, ValidationError(text.replace("%", "%%"), params={}))
            if entry and problem.suggestions:
                self.suggestions[entry.name] = tuple(problem.suggestions)
        self.workload = None

    def add_warnings(self, footprint: Footprint) -> None:
        """Show what makes the footprint hard to believe at the field that causes it."""
        for warning in footprint.warnings:
            entry = entry_at(warning.field) if warning.field else None
            if entry in self.entries:
                self.footprint_warnings.setdefault(entry.name, []).append(_warning_text(warning, entry))

    def row(self, name: str) -> Row:
        """One field with all that is said about it."""
        entry = BY_NAME[name]
        return Row(
            entry=entry,
            field=self[name],
            warnings=tuple(self.footprint_warnings.get(name, ())),
            suggestions=self.suggestions.get(name, ()),
        )

    @property
    def main_rows(self) -> tuple[Row, ...]:
        """The three things to fill in, and where it ran."""
        return tuple(self.row(entry.name) for entry in self.entries if not entry.group)

    @property
    def sections(self) -> tuple[Section, ...]:
        """The Expert part."""
        return tuple(
            Section(
                key,
                str(label),
                tuple(self.row(entry.name) for entry in self.entries if entry.group == key),
                GROUP_ACTIVITIES.get(key, ""),
            )
            for key, label in GROUPS.items()
        )

    @property
    def rows(self) -> tuple[Row, ...]:
        """All fields, in order."""
        return tuple(self.row(entry.name) for entry in self.entries)

    @property
    def expert_values(self) -> tuple[tuple[str, str, str], ...]:
        """Label, value and unit of every Expert field that says something else than its default."""
        said = []
        default = initial_of(Workload())
        for row in self.rows:
            entry, value = row.entry, row.field.value()
            if not entry.group or value in (None, "", default[entry.name]):
                continue
            if entry.kind == "choice":
                value = CHOICES[entry.name].get(value, value)
            elif entry.kind == "flag":
                value = gettext("no")
            said.append((str(entry.label), str(value), str(entry.unit)))
        return tuple(said)

    @property
    def expert_open(self) -> bool:
        """Whether the Expert part has something that must be seen."""
        return any(row.entry.group and (row.field.errors or row.warnings) for row in self.rows)


def entry_at(path: str) -> Entry | None:
    """The field that fills a path of the workload, or a part of it."""
    for entry in ENTRIES:
        if path == entry.path or path.startswith(entry.path + "."):
            return entry
    return BY_NAME["title"] if path == "model.preset" else None


def initial_of(workload: Workload) -> dict[str, Any]:
    """The form's texts for a workload."""
    tree = workload.model_dump()
    initial: dict[str, Any] = {}
    for entry in ENTRIES:
        if entry.path == "location":
            initial[entry.name] = lookups.place_text(workload.location)
        else:
            parent, leaf = _parent_of(tree, entry.path)
            initial[entry.name] = written(entry, parent[leaf])
    initial["accelerator"] = lookups.accelerator_name(initial["accelerator"])
    initial["cpu"] = lookups.cpu_name(initial["cpu"])
    return initial


def put_in(data: QueryDict, found: Calibration) -> None:
    """Write what was measured into the texts of a form, and take out what would beat it; a count that stands stays."""
    measured = initial_of(found.applied_to(Workload()))
    for name in (*_MEASURED[found.kind], *_BESIDE):
        # Of a device that the catalogue does not know there is a draw and no name.
        if name != "accelerator" or found.kind == "cpu" or found.hardware is not None:
            data[name] = measured[name]
    if found.kind == "accelerator" and not data.get("accelerator_count", "").strip():
        data["accelerator_count"] = measured["accelerator_count"]
    if data.get("method") in BEATEN_METHODS:
        data["method"] = measured["method"]


def _parent_of(tree: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *parents, leaf = path.split(".")
    for parent in parents:
        tree = tree[parent]
    return tree, leaf


def _warning_text(warning: Warning, entry: Entry) -> str:
    if entry.kind == "percent" and warning.code in _WARNINGS_IN_PER_CENT:
        return str(_WARNINGS_IN_PER_CENT[warning.code])
    return gettext(warning.message) % warning.text_params if warning.text_params else gettext(warning.message)


_BLANK: Final[dict[str, Any]] = Workload().model_dump()
