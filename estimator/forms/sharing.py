"""Who may see an estimate, as a form."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from estimator.models import Sharing


class SharingForm(forms.Form):
    """What an owner says about an estimate."""

    sharing = forms.ChoiceField(label=_("Who may see it"), choices=Sharing.choices, widget=forms.RadioSelect)
    shown_as = forms.CharField(
        label=_("Name or organisation in the gallery"),
        max_length=120,
        required=False,
        help_text=_("Shown beside it where it is listed. Your address is never shown."),
    )

    def clean_shown_as(self) -> str:
        """One line that can be read."""
        name: str = self.cleaned_data["shown_as"]
        if not name.isprintable():
            raise ValidationError(_("Use letters, digits and spaces."))
        return name
