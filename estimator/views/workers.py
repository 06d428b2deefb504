"""Workers: enrol machines, see how they are, rename, disable and delete them."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from estimator import access
from estimator.forms.measurement import WorkerForm
from estimator.models import Enrolment, Measurement, Worker
from estimator.models.measurement import OPEN
from estimator.services import workers as service
from estimator.services.calibrations import calibrations_of
from estimator.services.workers import NewEnrolment, TooMany
from estimator.views.asked import asking_account, signed_in
from estimator.views.measurements import as_listed
from estimator.views.shown_once import forget, hand_over, handed_over
from estimator.worker.config import EXAMPLE

_RECENT = 10
#: Runs of one calibration that are linked.
_RUNS_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@never_cache
def workers(request: HttpRequest) -> HttpResponse:
    """All of them, and a new token; the page after its form shows it, once."""
    problem = ""
    if request.method == "POST":
        try:
            made = service.create_enrolment(owner=asking_account(request))
            return hand_over(redirect("workers"), made.token, path=request.path)
        except TooMany as too_many:
            problem = (
                _("Too many tokens wait for their machine. Revoke one first.")
                if too_many.what == "tokens"
                else _("You have as many workers as an account may have. Delete one that is no longer needed.")
            )
    new = service.waiting_enrolment(owner=asking_account(request), token=handed_over(request))
    return forget(request, render(request, "estimator/workers.html", _page(request, new=new, problem=problem)))


def _page(request: HttpRequest, *, new: NewEnrolment | None, problem: str) -> dict[str, object]:
    now = timezone.now()
    user = asking_account(request)
    rows = _with_state(request)
    waiting = Enrolment.objects.owned_by(user).filter(used_at=None, revoked_at=None, expires_at__gt=now)
    return {
        "workers": rows,
        "may_measure": any(row.disabled_at is None for row, _ in rows),
        "waiting": [row for row in waiting if new is None or row.pk != new.row.pk],
        "new": new,
        "problem": problem,
        "server": request.build_absolute_uri("/").rstrip("/"),
        # A proxy's certificate is of a public authority as a rule; one that `up` was given may be of any.
        "own_certificate": settings.HTTPS_HERE,
        "calibrations": calibrations_of(owner=user, elsewhere=True),
        "runs_shown": _RUNS_SHOWN,
    }


def _with_state(request: HttpRequest) -> list[tuple[Worker, bool]]:
    now = timezone.now()
    return [(row, row.is_online(now)) for row in Worker.objects.owned_by(asking_account(request))]


@require_safe
@signed_in
@never_cache
def workers_list(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes by itself."""
    return render(request, "estimator/_workers.html", {"workers": _with_state(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@never_cache
def worker(request: HttpRequest, worker_id: uuid.UUID) -> HttpResponse:
    """What one machine is, what can be measured on it, and its name."""
    row = _own(request, worker_id)
    measured = list(Measurement.objects.filter(worker=row)[:_RECENT])
    form = WorkerForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        service.rename_worker(owner=asking_account(request), worker_id=worker_id, name=form.cleaned_data["name"])
        return redirect("worker", worker_id)
    now = timezone.now()
    page = {
        "worker": row,
        "online": row.is_online(now),
        "form": form,
        "going_on_count": Measurement.objects.filter(worker=row, status__in=OPEN).count(),
        "calibrations": calibrations_of(owner=asking_account(request), worker=row.pk),
        "runs_shown": _RUNS_SHOWN,
        "measurements": as_listed(measured),
        "config_example": EXAMPLE,
        "goes_on": any(not one.is_over for one in measured),
    }
    return render(request, "estimator/worker.html", page, status=422 if form.errors else 200)


@require_POST
@signed_in
def worker_switch(request: HttpRequest, worker_id: uuid.UUID) -> HttpResponse:
    """Disable what is enabled, and the other way round, as the pressed button says."""
    _own(request, worker_id)
    if request.POST.get("enabled") == "1":
        service.enable_worker(owner=asking_account(request), worker_id=worker_id)
    else:
        service.disable_worker(owner=asking_account(request), worker_id=worker_id)
    return redirect("worker", worker_id)


@require_POST
@signed_in
def worker_delete(request: HttpRequest, worker_id: uuid.UUID) -> HttpResponse:
    """Forget it."""
    row = _own(request, worker_id)
    service.delete_worker(owner=asking_account(request), worker_id=worker_id)
    messages.success(request, _("The worker %(name)s is deleted; its measurements are kept.") % {"name": row.name})
    return redirect("workers")


@require_POST
@signed_in
def enrolment_revoke(request: HttpRequest, enrolment_id: int) -> HttpResponse:
    """End a token that waits."""
    if not access.own(Enrolment.objects.all(), person=request.user, pk=enrolment_id):
        raise Http404
    service.revoke_enrolment(owner=asking_account(request), enrolment_id=enrolment_id)
    return redirect("workers")


def _own(request: HttpRequest, worker_id: uuid.UUID) -> Worker:
    row = access.own(Worker.objects.all(), person=request.user, pk=worker_id)
    if row is None:
        raise Http404
    return row
