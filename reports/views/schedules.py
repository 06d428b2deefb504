"""Plan reports that come again and again, and find those that were made."""

import uuid
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from estimator.views.asked import asking_account, signed_in, site_of
from reports.forms import ScheduleForm
from reports.models import Cadence, Schedule, ScheduledRun
from reports.services import schedules as service

#: Periods of a schedule that are listed, the newest first.
PERIODS: Final = 12


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@never_cache
def schedules(request: HttpRequest) -> HttpResponse:
    """The account's schedules and what became of each period; a form to plan another one."""
    now = timezone.now()
    form = ScheduleForm(now=now, initial={"language": get_language() or "en"})
    if request.method == "POST":
        form = ScheduleForm(request.POST, now=now)
        if form.is_valid() and _created(request, form):
            messages.success(request, _("The reports are planned."))
            return redirect("schedules")
    runs = ScheduledRun.objects.select_related("report").defer("report__pdf", "report__logo")
    newest = Prefetch("runs", runs[:PERIODS], to_attr="newest")
    rows = Schedule.objects.owned_by(asking_account(request)).prefetch_related(newest)
    page = {
        "form": form,
        "schedules": rows[: service.MOST_SCHEDULES],
        "is_mailed": settings.MAIL_IS_SET,
    }
    return render(request, "reports/schedules.html", page, status=422 if form.errors else 200)


def _created(request: HttpRequest, form: ScheduleForm) -> bool:
    told = form.cleaned_data
    try:
        service.create_schedule(
            owner=asking_account(request),
            name=told["name"],
            cadence=Cadence(told["cadence"]),
            language=told["language"],
            options=form.options(site=site_of(request)),
            first_on=told["first_on"],
            now=timezone.now(),
        )
    except service.TooManySchedules:
        most = {"most": service.MOST_SCHEDULES}
        form.add_error(None, _("An account plans at most %(most)s reports. Delete one first.") % most)
        return False
    return True


@require_POST
@signed_in
def schedule_pause(request: HttpRequest, schedule_id: uuid.UUID) -> HttpResponse:
    """Make none for a while, or go on."""
    owner, now = asking_account(request), timezone.now()
    _check(request, schedule_id)
    if service.pause_schedule(owner=owner, schedule_id=schedule_id, now=now):
        messages.success(request, _("Paused: no report is made until you go on."))
    elif service.resume_schedule(owner=owner, schedule_id=schedule_id, now=now):
        messages.success(request, _("It goes on with the next period."))
    return redirect("schedules")


@require_POST
@signed_in
def schedule_delete(request: HttpRequest, schedule_id: uuid.UUID) -> HttpResponse:
    """Forget it; reports that were made stay at their links."""
    _check(request, schedule_id)
    service.delete_schedule(owner=asking_account(request), schedule_id=schedule_id)
    messages.success(request, _("The schedule is deleted. Its reports stay at their links."))
    return redirect("schedules")


def _check(request: HttpRequest, schedule_id: uuid.UUID) -> None:
    if not Schedule.objects.owned_by(asking_account(request)).filter(pk=schedule_id).exists():
        raise Http404
