"""What a person says about a new token."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from estimator.models import TokenScope

_LIFETIMES: Final = (
    ("7", _("a week")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("a year")),
    ("", _("until I revoke it")),
)


class TokenForm(forms.Form):
    """Name, scopes and lifetime of a new token."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What it is for, such as the machine or the program that uses it.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may use"),
        choices=TokenScope.choices,
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
