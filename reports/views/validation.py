"""How right the numbers are."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from estimator.reference import catalogue
from reports import quantities, wording
from reports.validation import Filters, validation_page


@require_safe
def validation(request: HttpRequest) -> HttpResponse:
    """Published runs beside what is computed for them; a filter that is unknown shows nothing."""
    filters = Filters(
        source=request.GET.get("source", ""),
        kind=request.GET.get("kind", ""),
        basis=request.GET.get("basis", ""),
        all_cases="all" in request.GET,
    )
    page = validation_page(
        filters, voice=wording.VOICE, known_sources=catalogue.sources(), format_factor=quantities.factor
    )
    return render(request, "reports/validation.html", {"validation": page})
