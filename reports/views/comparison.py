"""A run as other tools see it."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from estimator.core.inputs import InputProblems
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from estimator.views.asked import estimate_for
from reports import quantities
from reports.comparison import peer_rows


@require_safe
@never_cache
def comparison(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """A finished estimate through the formulas of other tools."""
    row = estimate_for(request, estimate_id)
    footprint = row.result()
    if footprint is None:
        return redirect("estimate", estimate_id)  # its page says where it stands
    try:
        peers = peer_rows(
            row.workload(),
            factors_for(row.workload()),
            footprint,
            known_sources=catalogue.sources(),
            translate=gettext,
            format_number=quantities.in_text,
        )
    except InputProblems:
        peers = ()  # the catalogue does not know its names any more
    page = {"estimate": row, "footprint": footprint, "peers": peers, "method": footprint.method_told}
    response = render(request, "reports/comparison.html", page)
    response["X-Robots-Tag"] = "noindex"
    return response
