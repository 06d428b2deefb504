"""The form of a search: what may vary, within which constraints; one `PlanRequest` out, and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import DjangoTemplates
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError as RequestError

from estimator.core.inputs import InputProblem, Location, Workload
from estimator.core.levers.registry import LEVERS
from estimator.core.levers.settings import Lever, OtherHardware, Region
from estimator.core.planner.request import PlanRequest
from estimator.core.planner.words import in_words
from estimator.core.problems import problems_of
from estimator.forms.boxes import form_field, written
from estimator.forms.choices import Words
from estimator.forms.fields import Entry
from estimator.reference import catalogue
from estimator.reference.lever_texts import LEVER_NAMES
from estimator.reference.plans import bold_choices, name_of, other_boards, other_regions, suggested_choices

# fmt: off
LIMITS: Final[tuple[Entry, ...]] = (
    Entry("deadline_h", "constraints.deadline_h", "hours", _("Deadline"), unit="h", width="half",
          help=_("Hours by the clock of one run, at most: 79, or 3.5 days.")),
    Entry("budget_usd", "constraints.budget_usd", "amount", _("Budget"), unit="USD", width="half",
          help=_("Cost of one plan, at most.")),
    Entry("cap_kgco2e", "constraints.cap_kgco2e", "amount", _("Cap on emissions"), unit="kgCO₂e", width="half",
          help=_("Total of a plan, at most.")),
    Entry("accelerator_count", "constraints.accelerator_limits", "whole", _("Accelerators at hand"), width="half",
          help=_("Of each kind, at most so many at once.")),
)
# fmt: on
RANKS: Final[dict[str, Words]] = {
    "total_kgco2e": _("Least emissions"),
    "cost_usd": _("Least cost"),
    "duration_h": _("Least time"),
    "quality_risk": _("Least risk to quality"),
}
COSTS: Final[dict[str, Words]] = {
    "electricity": _("Electricity"),
    "cloud": _("Renting the accelerators, by list prices"),
}
#: Points of risk -> words; more than the last of them are "several".
RISKS: Final[dict[str, Words]] = {
    "": _("Any"),
    "0": _("None that was measured"),
    "1": _("Slight: about 1 % of a score"),
    "2": _("Clear: a few per cent, or it depends on the task"),
    "3": _("Serious without more training"),
}
#: Lists of the form that are chosen from, not typed into.
LISTS: Final = ("rank_by", "cost_basis", "quality_risk", "regions", "hardware", "levers")
MOST_COUNTRIES: Final = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One field as the page draws it."""

    entry: Entry
    field: forms.BoundField
    warnings: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeverOption:
    """One lever of the list, with the settings that are tried."""

    tag: str
    id: str
    name: str
    settings: str


class PlanForm(forms.Form):
    """
    What a search is asked.

    Parameters
    ----------
    data : mapping, optional
        What was sent.
    run : Workload
        The run, as the planner takes it: what may vary follows from it.
    asked : PlanRequest, optional
        An earlier search to begin with.
    """

    default_renderer = DjangoTemplates()

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, run: Workload, asked: PlanRequest | None = None
    ) -> None:
        self.run = run
        self._suggested, self._bold = suggested_choices(run), bold_choices(run)
        self._boards = {board.id: board.name for board in other_boards(run)}
        self._regions = other_regions(run)
        self._provider = catalogue.shelf().places.locate(run.location).provider
        super().__init__(data, initial=self._initial(asked))
        for entry in LIMITS:
            self.fields[entry.name] = form_field(entry)
        self.fields["rank_by"] = _one(_("What counts first"), RANKS)
        self.fields["cost_basis"] = _one(_("Cost means"), COSTS)
        self.fields["quality_risk"] = _one(_("Risk to quality, at most"), RISKS)
        self.fields["regions"] = _one(_("Where it may run"), self._region_words(), widget=forms.RadioSelect)
        self.fields["countries"] = forms.CharField(
            required=False,
            max_length=400,
            label=_("Only in these countries"),
            widget=forms.TextInput({"aria-describedby": "help-countries msg-countries", "placeholder": "DE, FR, SE"}),
        )
        self.fields["hardware"] = _many(_("Accelerators"), self._hardware_words())
        self.fields["levers"] = _many(_("What else may change"), self._lever_words())
        self.request: PlanRequest | None = None

    # --- what the page shows ------------------------------------------------------------------------------------------

    @property
    def rows(self) -> tuple[Row, ...]:
        """The fields that are typed into."""
        return tuple(Row(entry, self[entry.name]) for entry in LIMITS)

    def _region_words(self) -> dict[str, Words]:
        words: dict[str, Words] = {"none": _("Where it runs now")}
        if self._provider is not None:
            words["provider"] = _("In any region of its provider")
        return words | {"clouds": _("In any region of any cloud in the catalogue")}

    def _hardware_words(self) -> dict[str, Words]:
        known = {lever.accelerator for lever in self._suggested if isinstance(lever, OtherHardware)}
        return {id_: name for id_, name in self._boards.items() if id_ in known}

    def _lever_words(self) -> dict[str, Words]:
        settings: dict[str, list[str]] = {}
        for lever in (*self._suggested, *self._bold):
            if not isinstance(lever, OtherHardware | Region):
                template, params = in_words(lever, name_of)
                settings.setdefault(lever.lever, []).append(gettext(template) % params)
        return {name: "; ".join(settings[name]) for name in LEVERS if name in settings}

    @property
    def lever_options(self) -> tuple[LeverOption, ...]:
        """The list of levers as the page draws it."""
        return tuple(
            LeverOption(
                tag=option.tag(),
                id=option.id_for_label,
                name=gettext(LEVER_NAMES[option.data["value"]][0]),
                settings=option.choice_label,
            )
            for option in self["levers"]
        )

    def _initial(self, asked: PlanRequest | None) -> dict[str, Any]:
        if asked is None:
            where = "provider" if self._provider is not None else "clouds"
            levers = sorted({lever.lever for lever in self._suggested})
            return {"regions": where, "hardware": list(self._boards), "levers": levers, "rank_by": "total_kgco2e"}
        limits, choices = asked.constraints, asked.choices or ()
        places = [lever for lever in choices if isinstance(lever, Region)]
        providers = {lever.provider for lever in places}
        where = "none" if not places else "provider" if providers == {self._provider} else "clouds"
        count = limits.accelerator_limits[0].accelerator_count if limits.accelerator_limits else None
        shown = {entry.name: getattr(limits, entry.name, count) for entry in LIMITS}
        return {
            **{entry.name: written(entry, shown[entry.name]) for entry in LIMITS},
            "rank_by": asked.rank_by,
            "cost_basis": limits.cost_basis,
            "quality_risk": "" if limits.quality_risk is None else str(limits.quality_risk),
            "regions": where,
            "countries": ", ".join(self._countries_of(places)) if len(places) < len(self._all_regions(where)) else "",
            "hardware": [lever.accelerator for lever in choices if isinstance(lever, OtherHardware)],
            "levers": sorted({lever.lever for lever in choices}),
        }

    # --- what was sent ------------------------------------------------------------------------------------------------

    def clean_countries(self) -> tuple[str, ...]:
        """Codes of the countries that are named; one that has no cloud region in the catalogue says so."""
        names = [name.strip() for name in self.cleaned_data["countries"].replace(";", ",").split(",") if name.strip()]
        known = {
            text.casefold(): row.iso2 for row in catalogue.shelf().places.regions for text in (row.iso2, row.country)
        }
        unknown = [name for name in names if name.casefold() not in known]
        if unknown or len(names) > MOST_COUNTRIES:
            raise ValidationError(
                _("No cloud region is known in: %(names)s. Give countries by their name or their code of two letters."),
                params={"names": ", ".join(unknown or names[MOST_COUNTRIES:])},
            )
        return tuple(known[name.casefold()] for name in names)

    def clean(self) -> dict[str, Any]:
        """Build the request."""
        cleaned = super().clean() or self.cleaned_data
        for entry in LIMITS:
            if cleaned.get(entry.name) is not None and cleaned[entry.name] <= 0:
                self.add_error(entry.name, _("Give a number above zero."))
        if not self.errors:
            try:
                self.request = self._request(cleaned)
            except RequestError as error:
                self.add_problems(problems_of([dict(item) for item in error.errors()]))
        return cleaned

    def _request(self, cleaned: Mapping[str, Any]) -> PlanRequest:
        risk = cleaned["quality_risk"]
        constraints = {
            **{name: cleaned[name] for name in ("deadline_h", "budget_usd", "cap_kgco2e")},
            "cost_basis": cleaned["cost_basis"] or "electricity",
            "quality_risk": int(risk) if risk else None,
            "accelerator_limits": self._accelerator_limits(cleaned),
        }
        request = {"choices": self._choices(cleaned), "constraints": constraints}
        return PlanRequest.model_validate({**request, "rank_by": cleaned["rank_by"] or "total_kgco2e"})

    def _choices(self, cleaned: Mapping[str, Any]) -> tuple[Lever, ...]:
        boards, names = set(cleaned["hardware"]), set(cleaned["levers"])
        machines = [
            lever
            for lever in (*self._suggested, *self._bold)
            if (lever.accelerator in boards if isinstance(lever, OtherHardware) else lever.lever in names)
        ]
        places = self._all_regions(cleaned["regions"])
        countries = cleaned["countries"]
        if countries:
            wanted = set(countries)
            places = [lever for lever in places if set(self._countries_of([lever])) <= wanted]
        return (*machines, *places)

    def _all_regions(self, where: str) -> Sequence[Region]:
        if where == "none":
            return ()
        if where == "provider":
            return [lever for lever in self._regions if isinstance(lever, Region)]
        anywhere = other_regions(self.run.model_copy(update={"location": Location()}))
        present = self.run.location
        return [
            lever
            for lever in anywhere
            if isinstance(lever, Region) and (lever.provider, lever.region) != (present.provider, present.region)
        ]

    def _countries_of(self, places: Iterable[Region]) -> list[str]:
        regions = {(row.provider, row.region): row.iso2 for row in catalogue.shelf().places.regions}
        return sorted({regions[lever.provider or "", lever.region or ""] for lever in places})

    def _accelerator_limits(self, cleaned: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
        count, present = cleaned["accelerator_count"], self.run.hardware.accelerator
        if count is None:
            return ()
        names = dict.fromkeys((*([present] if present else []), *cleaned["hardware"]))
        return tuple({"accelerator": name, "accelerator_count": count} for name in names)

    def add_problems(self, problems: Iterable[InputProblem]) -> None:
        """Say what the planner found wrong, at the field that it concerns where there is one."""
        for problem in problems:
            text = gettext(problem.message)
            message = text % problem.text_params if problem.text_params else text
            name = next((entry.name for entry in LIMITS if problem.path.startswith(entry.path)), None)
            # Each accelerator has the limit: its mistake is said once.
            if name is None or name not in self.errors:
                self.add_error(name, message)


def _one(
    label: Words, words: Mapping[str, Words], widget: type[forms.Select | forms.RadioSelect] = forms.Select
) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=list(words.items()), widget=widget)


def _many(label: Words, words: Mapping[str, Words]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, required=False, choices=list(words.items()), widget=forms.CheckboxSelectMultiple
    )
