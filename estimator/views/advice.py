"""What would save most on a stored run: a part of its page, and a page of its own for those without script."""

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from estimator.core.inputs import InputProblems
from estimator.models import Estimate, JobStatus
from estimator.services import advice
from estimator.views.asked import estimate_for, seconds_to_wait, too_many


@require_safe
@never_cache
def advice_page(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """The levers that would save most, computed now."""
    row = estimate_for(request, estimate_id, Estimate.objects.filter(status=JobStatus.DONE))
    page: dict[str, Any] = {"estimate": row, "advice": None, "problem": ""}
    status = 200
    wait_s = seconds_to_wait(request, "preview", settings.THROTTLE_CALCULATE_PER_MINUTE)
    if wait_s:
        page["problem"], status = too_many(wait_s), 429
    else:
        try:
            page["advice"] = advice.advise_on(estimate=row)
        except InputProblems:
            status = 422
    is_part = request.headers.get("HX-Request") == "true"
    response = render(
        request,
        "estimator/_advice.html" if is_part else "estimator/advice.html",
        page,
        status=200 if is_part else status,
    )
    response["X-Robots-Tag"] = "noindex"
    return response
