"""Take one's runs along as a table."""

from collections.abc import Iterator

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from estimator.views.asked import own_estimates
from reports.exports import FORMATS, WRITERS, ExportFormat, StoredRun
from reports.services.exports import exported_runs


@require_GET
@never_cache
def export(request: HttpRequest, format_name: str) -> StreamingHttpResponse:
    """Every finished run of this browser, and of the account that is signed in."""
    chosen = FORMATS.get(format_name)
    if chosen is None:
        raise Http404
    return export_response(chosen, exported_runs(rows=own_estimates(request)))


def export_response(chosen: ExportFormat, runs: Iterator[StoredRun]) -> StreamingHttpResponse:
    """A file that is sent while it is written."""
    return StreamingHttpResponse(
        WRITERS[chosen.name](runs),
        content_type=chosen.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="wattprint-runs.{chosen.extension}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
