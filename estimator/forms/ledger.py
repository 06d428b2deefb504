"""The form of a ledger: two runs of one's own and how often they take place; one `LedgerAsked` out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError as AskedError

from estimator.core.inputs import InputProblem
from estimator.core.ledger import LedgerAsked
from estimator.core.problems import problems_of
from estimator.forms.boxes import form_field, written
from estimator.forms.fields import Entry
from estimator.forms.plan import Row
from estimator.models import Estimate

# fmt: off
ENTRIES: Final[tuple[Entry, ...]] = (
    Entry("development_times", "development", "amount", _("Trials before it"), width="half",
          help=_("As much as so many final trainings: 0, 0.5 or 3.")),
    Entry("retrainings_per_year", "retraining", "amount", _("Retrainings in a year"), width="half"),
    Entry("evaluation_share", "evaluation", "percent", _("Evaluation"), unit="%", width="half",
          help=_("Of what each training takes.")),
    Entry("service_life_months", "service_life_months", "whole", _("Service life"), unit=_("months"), width="half"),
    Entry("requests_per_month", "inference", "amount", _("Requests in a month"), width="half",
          help=_("Where the run of use says how many it serves.")),
    Entry("times_per_month", "inference", "amount", _("Or: how often in a month"), width="half",
          help=_("The whole run of use, where it does not.")),
)
# fmt: on
BY_NAME: Final = {entry.name: entry for entry in ENTRIES}
_INITIAL: Final = {
    "development_times": 1.0,
    "retrainings_per_year": 4.0,
    "evaluation_share": 0.05,
    "service_life_months": 36,
}
#: Roles that stand for the run of training.
_OF_TRAINING: Final = ("development", "training", "retraining", "evaluation")
_LONGEST_NAME: Final = 120


class LedgerForm(forms.Form):
    """
    What a ledger is asked.

    Parameters
    ----------
    data : mapping, optional
        What was sent.
    own : sequence of Estimate
        The finished runs to choose from.
    initial_runs : mapping, optional
        Runs that are chosen at first: `training`, `inference`.
    """

    default_renderer = DjangoTemplates()

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        own: Sequence[Estimate],
        initial_runs: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            data,
            initial={name: written(BY_NAME[name], value) for name, value in _INITIAL.items()}
            | dict(initial_runs or {}),
        )
        trained = [one for one in own if one.inputs.get("activity", "training") == "training"]
        used = [one for one in own if one not in trained]
        described = {"aria-describedby": "msg-name"}
        self.fields["name"] = forms.CharField(
            label=_("Name"),
            required=False,
            max_length=_LONGEST_NAME,
            widget=forms.TextInput({**described, "autocomplete": "off"}),
        )
        self.fields["training"] = _choice(_("The run of training"), trained, "training")
        self.fields["inference"] = _choice(_("The run of use"), used, "inference")
        for entry in ENTRIES:
            self.fields[entry.name] = form_field(entry)
        self.asked: LedgerAsked | None = None
        self._sent: list[str] = []  #: roles by their place in the list that problems speak of

    def clean(self) -> dict[str, Any]:
        """Build what is asked; every bound that it does not keep becomes the error of a field."""
        cleaned = self.cleaned_data
        if not cleaned.get("training") and not cleaned.get("inference") and not self.errors:
            self.add_error("training", gettext("Choose at least one run."))
        if (
            cleaned.get("inference")
            and cleaned.get("requests_per_month") is None
            and not cleaned.get("times_per_month")
        ):
            self.add_error(
                "requests_per_month",
                gettext("Say how many requests come in a month, or how often the run takes place."),
            )
        if self.errors:
            return cleaned
        life = cleaned.get("service_life_months")
        plain: dict[str, Any] = {
            "name": cleaned.get("name", ""),
            "entries": list(self._entries(cleaned)),
            "service_life_months": 0 if life is None else life,
        }
        self._sent = [one["role"] for one in plain["entries"]]
        try:
            self.asked = LedgerAsked.model_validate(plain)
        except AskedError as error:
            self.add_problems(problems_of(error.errors(include_url=False)))
        return cleaned

    def _entries(self, cleaned: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        training, inference = cleaned.get("training"), cleaned.get("inference")
        if training:
            trials, yearly = cleaned.get("development_times") or 0.0, cleaned.get("retrainings_per_year") or 0.0
            share = cleaned.get("evaluation_share") or 0.0
            often = {
                "development": {"times_before": trials},
                "training": {"times_before": 1.0},
                "retraining": {"times_per_year": yearly},
                "evaluation": {"times_before": share, "times_per_year": share * max(yearly, 0.0)},
            }
            for role, times in often.items():
                if any(times.values()):
                    yield {"role": role, "estimate": training, **times}
        if inference:
            requests = cleaned.get("requests_per_month")
            times = (
                {"requests_per_month": requests}
                if requests is not None
                else {"times_per_month": cleaned["times_per_month"]}
            )
            yield {"role": "inference", "estimate": inference, **times}

    def add_problems(self, problems: Iterable[InputProblem]) -> None:
        """Put each problem of what was asked at its field, or above all."""
        for problem in problems:
            text = gettext(problem.message)
            text = text % problem.text_params if problem.text_params else text
            self.add_error(self._field_of(problem.path), forms.ValidationError(text.replace("%", "%%"), params={}))
        self.asked = None

    def _field_of(self, path: str) -> str | None:
        if path in self.fields:
            return path
        _list, _, rest = path.partition(".")
        number, _, setting = rest.partition(".")
        role = self._sent[int(number)] if number.isdecimal() and int(number) < len(self._sent) else ""
        if setting == "estimate" and role:
            return "training" if role in _OF_TRAINING else "inference"
        named = {
            "development": "development_times",
            "retraining": "retrainings_per_year",
            "evaluation": "evaluation_share",
        }
        return setting if setting in self.fields else named.get(role)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The numbers as the page draws them."""
        return tuple(Row(entry=entry, field=self[entry.name]) for entry in ENTRIES)


def _choice(label: Any, rows: Sequence[Estimate], name: str) -> forms.ChoiceField:
    named = [(str(row.id), f"{row.title or gettext('Without a name')} · {row.created_at:%Y-%m-%d}") for row in rows]
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=[("", gettext("None")), *named],
        widget=forms.Select({"aria-describedby": f"msg-{name}"}),
    )
