"""The form that brings a file, and what its owner may say beside it."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from estimator.imports import MAX_BYTES, Answers


class ImportForm(forms.Form):
    """One file, or one that is held already; and answers."""

    file = forms.FileField(label=_("File"), required=False, allow_empty_file=True)
    held = forms.UUIDField(required=False, widget=forms.HiddenInput)
    interval_s = forms.FloatField(label=_("Seconds between two rows"), required=False, min_value=1e-6, max_value=86_400)
    power_unit = forms.ChoiceField(
        label=_("Unit of the power"),
        required=False,
        choices=[("", _("As in the file")), ("W", "W"), ("mW", "mW"), ("kW", "kW")],
    )
    time_unit = forms.ChoiceField(
        label=_("Unit of plain times"),
        required=False,
        choices=[("", _("As in the file")), ("s", "s"), ("ms", "ms"), ("min", "min"), ("h", "h")],
    )

    def clean(self) -> dict[str, Any]:
        """One of the two is there, and is not too large."""
        cleaned: dict[str, Any] = super().clean() or {}
        file = cleaned.get("file")
        if file is None and not cleaned.get("held") and "file" not in self.errors:
            self.add_error("file", gettext("Choose the file that the tool wrote."))
        if file is not None and file.size > MAX_BYTES:
            self.add_error(
                "file",
                gettext(
                    "The file is larger than %(limit)s MB; take a longer interval between readings, or cut it in parts."
                )
                % {"limit": MAX_BYTES // 1_000_000},
            )
        return cleaned

    @property
    def units(self) -> tuple[forms.BoundField, ...]:
        """The two lists of units."""
        return self["power_unit"], self["time_unit"]

    @property
    def answers(self) -> Answers:
        """What was said beside the file."""
        said = self.cleaned_data
        return Answers(
            interval_s=said["interval_s"], power_unit=said["power_unit"] or None, time_unit=said["time_unit"] or None
        )

    @property
    def held_id(self) -> uuid.UUID | None:
        """The file that was sent before."""
        held: uuid.UUID | None = self.cleaned_data.get("held")
        return held
