"""What the numbers stand on."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from estimator import attribution
from estimator.forms import lookups
from estimator.reference import catalogue

#: Tables of the catalogue as the API has them, for people.
TABLES: Final = {
    "accelerators": gettext_noop("Accelerators"),
    "cpus": gettext_noop("CPUs"),
    "grids": gettext_noop("Grids"),
    "cloud-regions": gettext_noop("Cloud regions"),
    "cloud-instances": gettext_noop("Cloud instances"),
    "models": gettext_noop("Models"),
    "equivalents": gettext_noop("Equivalents"),
    "sources": gettext_noop("Sources"),
}


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """Every source of the catalogue, and which tables use it."""
    listed = attribution.listed_sources()
    page = {
        "sources": listed,
        "dataset": catalogue.dataset_version(),
        "tables": [(kind, _(label), lookups.rows_count(kind)) for kind, label in TABLES.items()],
        "groups": attribution.licence_groups(listed),
    }
    return render(request, "estimator/sources.html", page)
