"""What a person says about a new token."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from estimator.models import TokenScope

_LIFETIMES: Final = (
    ("7", _("a week")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("a year")),
    ("", _("until I revoke it")),
)
#: What each scope is needed for.
_SCOPES: Final = (
    (TokenScope.ESTIMATES, _("Estimates: keep, list, share and delete them, with scenarios, plans, ledgers, exports")),
    (
        TokenScope.MEASUREMENTS,
        _("Measurements: needed by ./wattprint measure to send them here; start, watch, stop, delete them"),
    ),
    (TokenScope.WORKERS, _("Workers: make tokens for machines; list, rename, disable and delete machines")),
)


def asked_scopes(told: QueryDict) -> dict[str, Any]:
    """What the form begins with, where the address that led to it says what the token is for."""
    scopes = [scope for scope in told.getlist("scope") if scope in TokenScope.values]
    return {"scopes": scopes} if scopes else {}


class TokenForm(forms.Form):
    """Name, scopes and lifetime of a new token."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What it is for, such as the machine or the program that uses it.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may use"),
        choices=_SCOPES,
        initial=[TokenScope.ESTIMATES],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    lifetime = forms.ChoiceField(label=_("It works for"), choices=_LIFETIMES, initial="90", required=False)

    def clean_name(self) -> str:
        """One line that can be read."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise ValidationError(_("Use letters, digits and spaces."))
        return name

    def clean_lifetime(self) -> timedelta | None:
        """The lifetime as a span; None without end."""
        days: Any = self.cleaned_data["lifetime"]
        return timedelta(days=int(days)) if days else None
