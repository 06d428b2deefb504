"""Budgets of a running measurement: said on its page, and by one mail each when it is about to be passed."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from estimator.models import BudgetMail, MailState, Measurement
from estimator.services import mail
from estimator.services.standing import Budget, budgets_of

_UNITS: Final = {"kWh": "kWh", "kgCO2e": "kg CO₂e"}


def budget_words(one: Budget) -> str:
    """Which budget, and that it is passed or will be; without numbers, which change each second."""
    words = {
        "budget_kwh": (_("The budget of energy is passed."), _("The budget of energy is about to be passed.")),
        "budget_kgco2e": (_("The budget of CO₂e is passed."), _("The budget of CO₂e is about to be passed.")),
    }
    return words[one.name][one.state != "passed"]


def prepare_mail(row: Measurement, *, site: str, language: str) -> None:
    """Note for each budget that was given how its owner is told; without a mail server nothing is."""
    if settings.MAIL_IS_SET and site:
        BudgetMail.objects.bulk_create(
            BudgetMail(measurement=row, budget=one.name, site=site, language=language) for one in budgets_of(row)
        )


def in_danger(row: Measurement) -> frozenset[str]:
    """The budgets that are passed, or about to be; asks the database for nothing."""
    return frozenset(one.name for one in budgets_of(row) if one.state != "within")


def ask_for_mail(row: Measurement, names: Collection[str], *, now: datetime) -> None:
    """Let its owner be told of budgets that have just come in danger; once for each, however often that happens."""
    if names and settings.MAIL_IS_SET:
        untold = BudgetMail.objects.filter(measurement=row, budget__in=names, mail=MailState.NONE, mail_attempts=0)
        untold.update(mail=MailState.WAITING, mail_next_at=now)


def mail_budgets(*, now: datetime) -> int:
    """Tell the owners, and say how many were told."""
    if not settings.MAIL_IS_SET:
        return 0
    rows = BudgetMail.objects.filter(**mail.waiting(now)).select_related("measurement__owner").order_by("pk")
    return sum(_mail(row, now) for row in list(rows[: mail.MAILS_AT_ONCE]))


def _mail(row: BudgetMail, now: datetime) -> bool:
    owner = row.measurement.owner
    one = next((one for one in budgets_of(row.measurement) if one.name == row.budget), None)
    if owner is None or one is None:  # it has ended, and its grid was taken back meanwhile
        BudgetMail.objects.filter(pk=row.pk).update(mail=MailState.NONE)
        return False
    return mail.deliver(row, owner=owner, write=lambda: _letter(row, one), now=now)


def _letter(row: BudgetMail, one: Budget) -> tuple[str, str]:
    measurement = row.measurement
    with translation.override(row.language):
        told = {
            "words": budget_words(one),
            "title": measurement.title or measurement.worker_name,
            "reached": _amount(one.reached, one.unit),
            "budget": _amount(one.budget, one.unit),
            "at_end": "" if one.at_end is None else _amount(one.at_end, one.unit),
            "link": row.site + reverse("measurement", args=[measurement.pk]),
        }
        lines = [told["words"], _("%(title)s: %(reached)s of %(budget)s so far.") % told]
        if one.at_end is not None and one.at_end > one.budget:
            lines.append(_("If it goes on so: %(at_end)s of %(budget)s at the end.") % told)
        lines += ["", told["link"], "", _("You gave this budget with the measurement. No other mail follows for it.")]
        return _("Wattprint: %(title)s. %(words)s") % told, "\n".join(lines) + "\n"


def _amount(amount: float, unit: str) -> str:
    return f"{number_format(float(f'{amount:.4g}'), use_l10n=True)} {_UNITS[unit]}"
