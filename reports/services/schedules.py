"""The verbs of reports that come again and again: plan them, make those that are due, tell their owners."""

import logging
import uuid
from datetime import UTC, date, datetime, time
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from estimator.models import Estimate, JobStatus, MailState
from estimator.services import mail
from reports.models import Cadence, Outcome, Schedule, ScheduledRun
from reports.options import ReportOptions
from reports.services.reports import MOST_RUNS, request_collection

logger = logging.getLogger(__name__)

#: Schedules of one account.
MOST_SCHEDULES: Final = 20
#: What is more is for the next round; a worker has its time limit.
DUE_AT_ONCE: Final = 100


class TooManySchedules(Exception):
    """An account has as many as it may have."""


def create_schedule(
    *, owner: User, name: str, cadence: Cadence, language: str, options: ReportOptions, first_on: date, now: datetime
) -> Schedule:
    """
    Plan reports over an account's own runs.

    Parameters
    ----------
    owner : User
        Whose runs.
    name : str
        What the reports are called; each adds its period.
    cadence : Cadence
        How often.
    language : str
        In which language.
    options : ReportOptions
        How they are made; with the address of the site, which the mail links to.
    first_on : date
        When the first one is made, at midnight UTC: over the period that ends then.
    now : datetime
        The time.

    Raises
    ------
    TooManySchedules
        If the account has as many as it may have.
    """
    first_at = datetime.combine(first_on, time(), UTC)
    with transaction.atomic():
        User.objects.select_for_update().only("pk").get(pk=owner.pk)
        if Schedule.objects.owned_by(owner).count() >= MOST_SCHEDULES:
            raise TooManySchedules
        return Schedule.objects.create(
            owner=owner,
            name=name,
            cadence=cadence,
            language=language,
            options=options.model_dump(mode="json"),
            first_at=first_at,
            next_at=first_at,
            created_at=now,
        )


def pause_schedule(*, owner: User, schedule_id: uuid.UUID, now: datetime) -> bool:
    """Make none for a while; False if it is paused, or not the owner's."""
    return Schedule.objects.owned_by(owner).filter(pk=schedule_id, paused_at=None).update(paused_at=now) == 1


def resume_schedule(*, owner: User, schedule_id: uuid.UUID, now: datetime) -> bool:
    """Go on with the next period; those that went by meanwhile are left out. False if it is not paused."""
    row = Schedule.objects.owned_by(owner).filter(pk=schedule_id, paused_at__isnull=False).first()
    if row is None:
        return False
    count = row.periods_count
    while row.due_at(count) <= now:
        count += 1
    paused = Schedule.objects.filter(pk=row.pk, paused_at=row.paused_at)
    return paused.update(paused_at=None, periods_count=count, next_at=row.due_at(count)) == 1


def delete_schedule(*, owner: User, schedule_id: uuid.UUID) -> bool:
    """Forget it and its list; reports that were made stay at their links. False if it is not the owner's."""
    _count, deleted = Schedule.objects.owned_by(owner).filter(pk=schedule_id).delete()
    return Schedule._meta.label in deleted


# --- when they are due ------------------------------------------------------------------------------------------------


def run_due_schedules(*, now: datetime) -> int:
    """Ask for every report that is due, one period of each schedule a round, and say how many."""
    due = Schedule.objects.filter(paused_at=None, next_at__lte=now, owner__is_active=True).order_by("next_at")
    count = 0
    for row in list(due.select_related("owner")[:DUE_AT_ONCE]):
        try:
            count += _run(row, now)
        except Exception:
            # One that cannot be made must not keep back the others; it is tried again in the next round.
            logger.exception("Schedule %s could not be run", row.pk)
    return count


def _run(row: Schedule, now: datetime) -> bool:
    """Take the period and ask for its report, both or neither; False where somebody else has taken it."""
    with transaction.atomic():
        held = Schedule.objects.filter(pk=row.pk, periods_count=row.periods_count, next_at=row.next_at, paused_at=None)
        if held.update(periods_count=F("periods_count") + 1, next_at=row.due_at(row.periods_count + 1)) != 1:
            return False
        starts_at, ends_at = row.due_at(row.periods_count - 1), row.next_at
        rows = Estimate.objects.owned_by(row.owner).filter(
            status=JobStatus.DONE,
            withdrawn_at=None,
            replaced_by=None,
            finished_at__gte=starts_at,
            finished_at__lt=ends_at,
        )
        chosen = list(rows.order_by("finished_at", "pk").values_list("pk", flat=True)[: MOST_RUNS + 1])
        run = ScheduledRun(schedule=row, starts_at=starts_at, ends_at=ends_at, created_at=now, runs_count=len(chosen))
        if not chosen:
            run.outcome = Outcome.EMPTY
        elif len(chosen) > MOST_RUNS:
            run.outcome = Outcome.TOO_MANY
        else:
            run.outcome = Outcome.MADE
            run.report = request_collection(
                estimate_ids=chosen, language=row.language, title=_title(row, run), options=row.choices()
            )
            if settings.MAIL_IS_SET and mail.address_of(row.owner):
                run.mail, run.mail_next_at = MailState.WAITING, now
        run.save(force_insert=True)
    return True


def _title(row: Schedule, run: ScheduledRun) -> str:
    """The name, and the first and the last day."""
    return f"{row.name}, {run.starts_at:%Y-%m-%d} – {run.last_day:%Y-%m-%d}"


# --- mail -------------------------------------------------------------------------------------------------------------


def mail_reports(*, now: datetime) -> int:
    """Tell the owners of reports that are done by now where they are, and say how many were told."""
    if not settings.MAIL_IS_SET:
        return 0
    runs = ScheduledRun.objects.filter(**mail.waiting(now), report__status=JobStatus.DONE)
    chosen = list(runs.select_related("schedule__owner").order_by("pk")[: mail.MAILS_AT_ONCE])
    return sum(_mail(run, now) for run in chosen)


def _mail(run: ScheduledRun, now: datetime) -> bool:
    return mail.deliver(run, owner=run.schedule.owner, write=lambda: _letter(run), now=now)


def _letter(run: ScheduledRun) -> tuple[str, str]:
    """Subject and text."""
    site = run.schedule.choices().site
    with translation.override(run.schedule.language):
        told = {
            "title": _title(run.schedule, run),
            "link": site + reverse("report", args=[run.report_id]),
            "list": site + reverse("schedules"),
        }
        text = _(
            "Your report is ready: %(title)s\n\n%(link)s\n\n"
            "Sign in first where one of its runs is private. You planned this report: pause or delete it here.\n"
            "%(list)s\n"
        )
        return _("Wattprint: %(title)s") % told, text % told
