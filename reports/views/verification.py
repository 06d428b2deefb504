"""Whether the figures of a report are those that are stored, and what they are when they are computed anew."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from estimator.core.footprint import Range
from estimator.core.inputs import InputProblems
from estimator.reference import catalogue
from estimator.services.datasets import DatasetUnknown
from estimator.services.recompute import Recomputed, recompute_estimate
from estimator.views.asked import seconds_to_wait, too_many
from estimator.views.withdrawn import withdrawn_page
from reports import wording
from reports.services.verification import AllWithdrawn, StoredFigures, figures_of, is_digest, known_file
from reports.summary import QUANTITIES, ReportSummary
from reports.views.fingerprint import LARGEST_BYTES, Fingerprint, fingerprint_of, is_too_large

#: More differences than these are in the API's answer alone.
MAX_DIFFERENCES: Final = 60
#: Runs of a file that are linked.
MAX_DIGESTS: Final = 100


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One number before and after, with what people call it."""

    label: str
    unit: str
    is_quantity: bool
    before: Range | None
    after: Range | None
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Verified:
    """One stored result, and the same run computed anew where that was asked for."""

    stored: StoredFigures
    summary: ReportSummary
    is_of_now: bool  #: made with the tables of now
    asked: str  #: "then", "now" or nothing
    recomputed: Recomputed | None
    differences: tuple[DifferenceRow, ...]
    problem: str


@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    """Ask for a digest."""
    digest = "".join(request.GET.get("digest", "")[:200].split()).lower()
    if is_digest(digest):
        return redirect("verify-digest", digest)
    problem = _("A digest has 64 digits and letters from a to f. It stands on the last page of a report.")
    page = {"digest": digest, "problem": problem if digest else ""}
    return render(request, "reports/verify.html", page, status=422 if digest else 200)


@csrf_exempt  # the token is in the body, which is read only once its reader is there
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def verify_file(request: HttpRequest) -> HttpResponse:
    """Whether a PDF is one that was made here, to the last byte."""
    if request.method != "POST":
        return redirect("verify")
    wait_s = seconds_to_wait(request, "preview", settings.THROTTLE_CALCULATE_PER_MINUTE)
    if wait_s:
        return _file_refused(request, too_many(wait_s), status=429)
    if is_too_large(request):
        return _file_refused(request, _too_large(), status=413)
    return _file_compared(request, fingerprint_of(request))


@csrf_protect
def _file_compared(request: HttpRequest, file: Fingerprint) -> HttpResponse:
    file.read(request)
    if file.is_too_large:
        return _file_refused(request, _too_large(), status=413)
    if not file.sha256:
        return _file_refused(request, _("Choose the PDF file of a report."), status=422)
    known = known_file(sha256=file.sha256)
    page = {
        "known": known,
        "sha256": file.sha256,
        "summary": wording.summary_of(known.figures.footprint) if known and known.figures else None,
        "digests": known.digests[:MAX_DIGESTS] if known else (),
        "more_count": len(known.digests[MAX_DIGESTS:]) if known else 0,
    }
    return render(request, "reports/verified_file.html", page)


def _too_large() -> str:
    return _("This file is larger than %(most)s MB: no report is.") % {"most": LARGEST_BYTES // 1024**2}


def _file_refused(request: HttpRequest, problem: str, *, status: int) -> HttpResponse:
    return render(request, "reports/verify.html", {"file_problem": problem}, status=status)


@require_safe
@never_cache
def verify_digest(request: HttpRequest, digest: str) -> HttpResponse:
    """What is stored for a digest; `?with=then` and `?with=now` compute it anew."""
    digest = digest.lower()
    if not is_digest(digest):
        raise Http404
    asked = request.GET.get("with", "")
    try:
        stored = figures_of(digest=digest)
    except AllWithdrawn:
        return withdrawn_page(request)
    found = [_verified(one, asked if asked in {"then", "now"} else "") for one in stored]
    page = {"digest": digest, "found": found, "dataset_now": catalogue.dataset_version()}
    response = render(request, "reports/verified.html", page, status=200 if found else 404)
    response["X-Robots-Tag"] = "noindex"
    return response


def _verified(stored: StoredFigures, asked: str) -> Verified:
    version = stored.footprint.dataset_version
    recomputed, problem = None, ""
    if asked:
        try:
            recomputed = recompute_estimate(
                estimate_id=stored.estimate_id, dataset_version=version if asked == "then" else None
            )
        except DatasetUnknown:
            problem = _("The tables of that version are not kept here.")
        except InputProblems:
            problem = _("The run names something that these tables do not know.")
    return Verified(
        stored=stored,
        summary=wording.summary_of(stored.footprint),
        is_of_now=version == catalogue.dataset_version(),
        asked=asked,
        recomputed=recomputed,
        differences=tuple(_rows(recomputed)) if recomputed else (),
        problem=problem,
    )


def _rows(recomputed: Recomputed) -> Iterator[DifferenceRow]:
    labels = {one.name: _(one.label) for one in (*recomputed.after.assumptions, *recomputed.before.assumptions)}
    labels |= {"kgco2e_per_unit": _("Emissions per unit"), "kwh_per_unit": _("Energy per unit")}
    units = {"kgco2e_per_unit": "kgCO2e", "kwh_per_unit": "kWh"}
    for one in recomputed.differences[:MAX_DIFFERENCES]:
        label, unit = QUANTITIES.get(one.name, ("", ""))
        yield DifferenceRow(
            label=_(label) if label else labels.get(one.name, one.name),
            unit=unit or units.get(one.name, one.unit),
            is_quantity=one.kind == "result",
            before=one.before,
            after=one.after,
            ratio=one.ratio,
        )
