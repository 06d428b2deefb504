"""What a person says to have something measured, and about a worker."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError as Refused

from estimator.core.bounds import Location
from estimator.core.inputs import InputProblem, InputProblems
from estimator.core.measuring import (
    LONGEST_INTERVAL_S,
    SHORTEST_INTERVAL_S,
    FootprintRequest,
    MeasurementRequest,
)
from estimator.core.problems import problems_of
from estimator.forms.lookups import place_text
from estimator.models import FootprintOf, Measurement, Target, Worker
from estimator.reference import catalogue

_S_PER_MIN: Final = 60.0
_INTERVALS: Final = (
    ("0.1", _("0.1 seconds")),
    ("0.5", _("half a second")),
    ("1", _("1 second")),
    ("5", _("5 seconds")),
    ("10", _("10 seconds")),
    ("60", _("1 minute")),
)
#: Field of the request -> field of the form, where they differ.
_FIELDS: Final = {"location": "place", "duration_s": "duration_min"}


class PlacedForm(forms.Form):
    """Where the machine stands."""

    place = forms.CharField(
        label=_("Place"), max_length=120, required=False, help_text=_("A country, a grid zone or a cloud region.")
    )
    grid_intensity_gco2e_per_kwh = forms.FloatField(
        label=_("Grid intensity (gCO₂e/kWh)"), required=False, min_value=0, max_value=5_000
    )
    pue = forms.FloatField(
        label=_("PUE"),
        required=False,
        min_value=1,
        max_value=10,
        help_text=_("Empty adds nothing to what is measured. For a laptop or a desk give 1."),
    )

    def clean_place(self) -> Location:
        """The place that is meant."""
        text: str = self.cleaned_data["place"].strip()
        if not text:
            return Location()
        try:
            return catalogue.find_place(text).location
        except InputProblems as found:
            raise ValidationError([_said(problem) for problem in found.problems]) from None

    def add_problems(self, problems: Sequence[InputProblem]) -> None:
        """What is wrong, at the field that it is about."""
        for problem in problems:
            top = problem.path.partition(".")[0]
            name = _FIELDS.get(top, top)
            self.add_error(name if name in self.fields else None, _said(problem))


class MeasurementForm(PlacedForm):
    """On which worker, what, for how long, and where it stands."""

    worker = forms.ChoiceField(label=_("Worker"))
    title = forms.CharField(label=_("Name"), max_length=200, required=False)
    target = forms.ChoiceField(
        label=_("What is measured"), choices=Target.choices, initial=Target.MACHINE, widget=forms.RadioSelect
    )
    pid = forms.IntegerField(
        label=_("Process"), required=False, min_value=1, help_text=_("The number of the process; its children too.")
    )
    workload = forms.ChoiceField(
        label=_("Workload"), required=False, help_text=_("What it runs stands in the worker's own file worker.toml.")
    )
    duration_min = forms.FloatField(
        label=_("Minutes"), required=False, min_value=0.01, max_value=43_200, help_text=_("Empty: until you stop it.")
    )
    interval_s = forms.ChoiceField(label=_("Time between two samples"), choices=_INTERVALS, initial="1")
    project = forms.CharField(label=_("Project"), max_length=120, required=False)
    baseline_s = forms.FloatField(
        label=_("Idle machine first (seconds)"),
        required=False,
        min_value=0,
        max_value=300,
        help_text=_("What it draws without your job, to compare with."),
    )
    planned_h = forms.FloatField(
        label=_("Hours of the whole run"), required=False, min_value=0.001, help_text=_("To project the total.")
    )
    budget_kwh = forms.FloatField(
        label=_("Budget (kWh)"),
        required=False,
        min_value=1e-9,
        max_value=1e9,
        help_text=_("Of the machine's own energy, before PUE. Its page warns before it is passed."),
    )
    budget_kgco2e = forms.FloatField(
        label=_("Budget (kgCO₂e)"),
        required=False,
        min_value=1e-9,
        max_value=1e9,
        help_text=_("Of the CO₂e that its page shows. Its page warns before it is passed."),
    )

    field_order = (
        "worker", "title", "target", "pid", "workload", "duration_min", "interval_s", "place",
    )  # fmt: skip
    #: What most people leave as it is.
    MORE: Final = (
        "grid_intensity_gco2e_per_kwh", "pue", "project", "baseline_s", "planned_h", "budget_kwh", "budget_kgco2e",
    )  # fmt: skip

    def __init__(self, *arguments: Any, workers: Sequence[Worker], **named: Any) -> None:
        super().__init__(*arguments, **named)
        fields: dict[str, Any] = self.fields
        fields["worker"].choices = [(str(row.pk), row.name) for row in workers]
        names = sorted({name for row in workers for name in row.workloads})
        fields["workload"].choices = [("", "—"), *((name, name) for name in names)]
        self._offer_interval(str(self["interval_s"].value()))
        self.request: MeasurementRequest | None = None

    def _offer_interval(self, told: str) -> None:
        """One that is not in the list came by the API: a measurement that is repeated keeps it."""
        field: Any = self.fields["interval_s"]
        try:
            interval_s = float(told)
        except ValueError:
            return
        if told not in dict(field.choices) and SHORTEST_INTERVAL_S <= interval_s <= LONGEST_INTERVAL_S:
            field.choices = [*field.choices, (told, _("%(interval_s)s seconds") % {"interval_s": told})]

    @property
    def first_fields(self) -> list[forms.BoundField]:
        """What everybody has to look at."""
        return [field for field in self.visible_fields() if field.name not in self.MORE]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """The rest."""
        return [self[name] for name in self.MORE]

    @property
    def more_is_open(self) -> bool:
        """Whether something in the rest wants to be seen."""
        return any(self[name].errors or self[name].value() for name in self.MORE)

    def clean(self) -> dict[str, Any]:
        """One request, with its own bounds."""
        told: dict[str, Any] = super().clean() or {}
        if self.errors:
            return told
        minutes = told["duration_min"]
        try:
            self.request = MeasurementRequest(
                worker=told["worker"],
                target=told["target"],
                pid=told["pid"] if told["target"] == Target.PROCESS else None,
                workload=(told["workload"] or None) if told["target"] == Target.WORKLOAD else None,
                interval_s=float(told["interval_s"]),
                duration_s=minutes * _S_PER_MIN if minutes else None,
                baseline_s=told["baseline_s"] or 0.0,
                title=told["title"],
                project=told["project"],
                location=told["place"],
                grid_intensity_gco2e_per_kwh=told["grid_intensity_gco2e_per_kwh"],
                pue=told["pue"],
                planned_h=told["planned_h"],
                budget_kwh=told["budget_kwh"],
                budget_kgco2e=told["budget_kgco2e"],
            )
        except Refused as refused:
            self.add_problems(problems_of([dict(item) for item in refused.errors()]))
        return told


def same_again(row: Measurement) -> dict[str, Any]:
    """
    What the form begins with, to measure the same again.

    The number of a process is left out: meanwhile it may be another one's.
    """
    return {
        "worker": str(row.worker_id),
        "title": row.title,
        "target": row.target,
        "workload": row.workload_name,
        "duration_min": row.duration_limit_s / _S_PER_MIN if row.duration_limit_s else None,
        "interval_s": f"{row.interval_s:g}",
        "place": place_text(Location.model_validate(row.location)),
        "grid_intensity_gco2e_per_kwh": row.grid_intensity_gco2e_per_kwh,
        "pue": row.pue,
        "project": row.project,
        "baseline_s": row.baseline_s or None,
        "planned_h": row.planned_h,
        "budget_kwh": row.budget_kwh,
        "budget_kgco2e": row.budget_kgco2e,
    }


def _said(problem: InputProblem) -> str:
    told = gettext(problem.message)
    return told % problem.text_params if problem.text_params else told


class FootprintForm(PlacedForm):
    """Where a machine stood that was measured, and of what its footprint is to be."""

    of = forms.ChoiceField(label=_("The footprint is of"), choices=FootprintOf.choices, widget=forms.RadioSelect)

    field_order = ("of", "place")

    def __init__(self, data: Any = None, *, row: Measurement, has_shares: bool) -> None:
        initial = {
            "of": FootprintOf.PROCESS if row.is_of_process else FootprintOf.MACHINE,
            "place": place_text(Location.model_validate(row.location)),
            "grid_intensity_gco2e_per_kwh": row.grid_intensity_gco2e_per_kwh,
            "pue": row.pue,
        }
        super().__init__(data, initial=initial)
        # Here a PUE is assumed where none is given, which stands above the fields.
        self.fields["pue"].help_text = ""
        if not has_shares:
            del self.fields["of"]
        self.request: FootprintRequest | None = None

    def clean(self) -> dict[str, Any]:
        """One request, with its own bounds."""
        told: dict[str, Any] = super().clean() or {}
        if not self.errors:
            self.request = FootprintRequest(
                location=told["place"],
                grid_intensity_gco2e_per_kwh=told["grid_intensity_gco2e_per_kwh"],
                pue=told["pue"],
                of=told.get("of"),
            )
        return told


class WorkerForm(forms.Form):
    """What a worker is called."""

    name = forms.CharField(label=_("Name"), max_length=80)

    def clean_name(self) -> str:
        """One line that can be read."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise ValidationError(_("Use letters, digits and spaces."))
        return name
