"""The levers explained: all of them, and one by one."""

import json
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from estimator.core.levers.registry import LEVERS
from estimator.models import JobStatus
from estimator.reference.lever_texts import LEVER_NAMES
from estimator.views.asked import own_estimates
from reports.levers import EXAMPLES, TEXTS

#: Levers whose example is set to a number that suits its own run alone.
_SIZED: Final = frozenset({"distributed", "federated", "batch_size", "output_length", "mixture_of_experts"})


@require_safe
def levers(request: HttpRequest) -> HttpResponse:
    """Every lever in two sentences, in the order in which they act."""
    page = {"levers": [(name, LEVER_NAMES[name], TEXTS[name]) for name in LEVERS]}
    return render(request, "reports/levers.html", page)


@require_safe
def lever(request: HttpRequest, name: str) -> HttpResponse:
    """What one lever is, when it helps and hurts, its evidence, and an example."""
    if name not in LEVERS:
        raise Http404
    title, changes = LEVER_NAMES[name]
    page = {
        "name": name,
        "title": title,
        "changes": changes,
        "text": TEXTS[name],
        "example": EXAMPLES[name],
        "others": [(other, LEVER_NAMES[other][0]) for other in LEVERS if other != name],
        "try_url": _try_url(request, name),
    }
    return render(request, "reports/lever.html", page)


def _try_url(request: HttpRequest, name: str) -> str:
    """Where the visitor can try the lever on the newest finished run; empty where there is none."""
    newest = own_estimates(request).filter(status=JobStatus.DONE).order_by("-created_at").only("id").first()
    if newest is None:
        return ""
    address = reverse("scenarios", args=[newest.id])
    if name not in _SIZED:
        address += "?" + urlencode({"levers": json.dumps([{"lever": name, **EXAMPLES[name].lever}])})
    return f"{address}#lever-{name}"
