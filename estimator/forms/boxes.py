"""The boxes of the form: how what is typed becomes a value of the workload, and how a value is written in its box."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import get_format
from django.utils.translation import gettext_lazy as _

from estimator.forms import numbers
from estimator.forms.choices import CHOICES, Words
from estimator.forms.fields import Entry, Kind


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


_READERS: Final[dict[Kind, Callable[..., Any]]] = {
    "number": numbers.parse_number,
    "percent": numbers.parse_percent,
    "whole": numbers.parse_number,
    "count": numbers.parse_count,
    "amount": numbers.parse_count,
    "hours": numbers.parse_hours,
    "list": numbers.parse_list,
}
_NOT_A_NUMBER: Final[dict[Kind, Words]] = {
    "number": _("Give a number, such as 250 or 0.5."),
    "percent": _("Give a number of per cent, such as 85."),
    "whole": _("Give a whole number, such as 8."),
    "count": _("Give a number, such as 110M, 7B or 1.5e9."),
    "amount": _("Give a number, such as 1000, 20k or 1.5M."),
    "list": _("Give numbers with spaces between them, such as 420 415 398."),
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
    if entry.kind == "list" and isinstance(value, list | tuple):
        return numbers.list_text(value, decimal_mark=decimal_mark())
    if entry.kind in _READERS:
        return numbers.plain(value, decimal_mark=decimal_mark())
    return value


def form_field(entry: Entry) -> forms.Field:
    """The Django field of one entry."""
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
            choices=list(CHOICES[entry.name].items()),
            widget=forms.Select({"aria-describedby": described_by}),
        )
    if entry.kind == "text":
        return forms.CharField(
            required=False, label=entry.label, help_text=entry.help, widget=forms.TextInput(attributes)
        )
    if entry.kind == "list":
        return QuantityField(entry, widget=forms.Textarea({**attributes, "rows": 3, "inputmode": "decimal"}))
    if entry.kind not in {"count", "amount", "hours"}:
        attributes["inputmode"] = "decimal"
    return QuantityField(entry, widget=forms.TextInput(attributes))
