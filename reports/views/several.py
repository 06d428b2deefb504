"""A report over several runs: choose them, and how it is made."""

import uuid
from datetime import date
from typing import Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from estimator.models import Estimate, JobStatus
from estimator.views.asked import as_uuid, own_estimates, site_of
from reports import services
from reports.forms import SeveralForm

#: Runs that can be ticked one by one: a form has no more fields than the settings allow. The period has no such end.
MOST_TICKED: Final = 150


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def several(request: HttpRequest) -> HttpResponse:
    """The visitor's own runs, to tick or to take by period, and the choices of the report."""
    asked = request.POST if request.method == "POST" else request.GET
    start, end = _day(asked, "from"), _day(asked, "to")
    own = _own(request, start, end)
    problem = ""
    form = SeveralForm(initial={"language": get_language() or "en"})
    ticked = asked.getlist("estimate")[:MOST_TICKED]
    if request.method == "POST":
        form = SeveralForm(request.POST, request.FILES)
        if form.is_valid():
            chosen = own if asked.get("which") == "all" else own.filter(pk__in=list(filter(None, map(as_uuid, ticked))))
            problem, row_id = _requested(request, list(chosen.values_list("pk", flat=True)), form)
            if row_id is not None:
                return redirect("report", row_id)
    page = {
        "form": form,
        "estimates": own[:MOST_TICKED],
        "own_count": own.count(),
        "most_ticked": MOST_TICKED,
        "most_runs": services.MOST_RUNS,
        "ticked": ticked,
        "which": asked.get("which", "chosen"),
        "start": start,
        "end": end,
        "problem": problem,
    }
    return render(request, "reports/several.html", page, status=422 if request.method == "POST" else 200)


def _requested(request: HttpRequest, chosen: list[uuid.UUID], form: SeveralForm) -> tuple[str, uuid.UUID | None]:
    try:
        row = services.request_collection(
            estimate_ids=chosen,
            language=form.cleaned_data["language"],
            title=form.cleaned_data["title"],
            options=form.options(site=site_of(request)),
            logo=form.cleaned_data["logo"],
        )
    except services.EstimateNotDone:
        return _("Tick at least one run that is done, or take a period in which there is one."), None
    except services.TooManyRuns:
        told = {"most": services.MOST_RUNS, "count": len(chosen)}
        return _("A report takes %(most)s runs, and these are %(count)s. Take a shorter period.") % told, None
    return "", row.id


def _own(request: HttpRequest, start: date | None, end: date | None) -> QuerySet[Estimate]:
    """The visitor's own runs that are done, newest first: of a measurement the footprint that it has now."""
    rows = own_estimates(request).filter(status=JobStatus.DONE, replaced_by=None)
    if start is not None:
        rows = rows.filter(created_at__date__gte=start)
    if end is not None:
        rows = rows.filter(created_at__date__lte=end)
    return rows.only("id", "title", "status", "created_at", "total_kgco2e").order_by("-created_at")


def _day(asked: QueryDict, name: str) -> date | None:
    try:
        return parse_date(asked.get(name, ""))
    except ValueError:
        return None
