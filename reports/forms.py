"""What a reader chooses about a report, as a form."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from reports.logos import LARGEST_BYTES, NoLogo, logo_png
from reports.models import Cadence
from reports.models.schedule import LONGEST_NAME
from reports.options import LONGEST_NOTES, SECTIONS, ReportOptions
from reports.periods import months_after

SECTION_NAMES: Final = {
    "breakdown": _("What makes up the total"),
    "power": _("Power over time, where it was measured"),
    "uncertainty": _("What the range is made of"),
    "advice": _("What would save most"),
    "scenarios": _("Scenarios that were kept"),
    "regions": _("The same run in other places"),
    "published": _("Beside published training runs"),
    "equivalents": _("The same emissions as"),
    "quantities": _("All quantities"),
    "steps": _("How this number was made"),
    "assumptions": _("What was assumed"),
    "sources": _("Sources"),
}
PAPERS: Final = {"a4": _("A4"), "letter": _("Letter")}
VARIANTS: Final = {
    "pdf-a-3a": _("For archives (PDF/A-3a)"),
    "pdf-ua-1": _("For screen readers first (PDF/UA-1)"),
}
NO_LOGO: Final = {
    "too_large": _("This picture is larger than 500 kB. Save it smaller and send it again."),
    "too_many_pixels": _("This picture has too many pixels. Save it smaller and send it again."),
    "not_a_picture": _("This is no PNG or JPEG. Save the logo as one of them and send it again."),
}


class ReportForm(forms.Form):
    """The choices; everything has a default, and what is wrong says what to do."""

    language = forms.ChoiceField(label=_("Language"), choices=())
    paper = forms.ChoiceField(label=_("Paper"), choices=tuple(PAPERS.items()), initial="a4")
    variant = forms.ChoiceField(label=_("Kind of PDF"), choices=tuple(VARIANTS.items()), initial="pdf-a-3a")
    organisation = forms.CharField(label=_("Organisation"), max_length=120, required=False)
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("A PNG or JPEG of at most 500 kB."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )
    notes = forms.CharField(
        label=_("Notes"),
        required=False,
        max_length=LONGEST_NOTES,
        help_text=_("Plain text or Markdown; HTML is shown as text."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    sections = forms.MultipleChoiceField(
        label=_("Sections"),
        choices=tuple(SECTION_NAMES.items()),
        required=False,
        initial=SECTIONS,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = settings.LANGUAGES  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            told = [f"help-{name}"] if field.help_text else []
            if self.is_bound and name in self.errors:
                field.widget.attrs["aria-invalid"] = "true"
                told.append(f"problem-{name}")
            if told:
                field.widget.attrs["aria-describedby"] = " ".join(told)

    def clean_logo(self) -> bytes | None:
        """The picture, written anew."""
        sent = self.cleaned_data["logo"]
        if not sent:
            return None
        if sent.size > LARGEST_BYTES:
            raise ValidationError(NO_LOGO["too_large"], code="too_large")
        try:
            return logo_png(sent.read())
        except NoLogo as why:
            raise ValidationError(NO_LOGO[why.code], code=why.code) from None

    def options(self, *, site: str) -> ReportOptions:
        """The choices of a form without errors."""
        told = self.cleaned_data
        return ReportOptions(
            sections=tuple(told["sections"]) if "sections" in told else SECTIONS,
            organisation=told["organisation"],
            notes=told["notes"],
            paper=told["paper"],
            variant=told["variant"],
            site=site,
        )


class ScheduleForm(ReportForm):
    """The choices of reports that come again and again: when, and how each is made."""

    field_order = ["name", "cadence", "first_on"]
    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, help_text=_("Each report adds its period."))
    cadence = forms.ChoiceField(label=_("How often"), choices=Cadence.choices)
    first_on = forms.DateField(
        label=_("First report on"),
        help_text=_("Over what was finished in the month or the quarter before, from midnight to midnight UTC."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    logo = None  # type: ignore[assignment]
    sections = None  # type: ignore[assignment]

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        begin = months_after(now.replace(day=1), 1).date()
        kwargs["initial"] = {"first_on": begin} | kwargs.get("initial", {})
        self._today = now.date()
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        """One line that can be read: it is the subject of a mail, too."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise ValidationError(_("Use letters, digits and spaces."))
        return name

    def clean_first_on(self) -> date:
        """A day of the next year."""
        day: date = self.cleaned_data["first_on"]
        if not self._today <= day <= self._today + timedelta(days=366):
            raise ValidationError(_("Give a day between today and a year from now."))
        return day


class SeveralForm(ReportForm):
    """The choices of a report over several runs, which has its own sections and a title."""

    field_order = ["title"]
    title = forms.CharField(label=_("Title"), max_length=120, required=False)
    sections = None  # type: ignore[assignment]
