"""Runs as files: one of them whole, or one's own as a table."""

import uuid
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import translation
from django.utils.text import slugify
from ninja import Router

from estimator.api.auth import SIGNED_IN_ERRORS, AccountToken, require_user
from estimator.api.found import NOT_SEEN_ERRORS, not_done, stored_estimate
from estimator.api.shape import ErrorOut
from estimator.core.footprint import Footprint
from estimator.models import Estimate
from reports.attachments import footprint_csv
from reports.exports import FORMATS
from reports.services.exports import exported_runs
from reports.views.exports import export_response

router = Router()

ExportName = Literal["csv", "json", "xlsx", "parquet"]
_FILES: Final[dict[str, Any]] = {
    "responses": {
        200: {
            "content": {
                one.media_type.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
                for one in FORMATS.values()
            }
        }
    }
}


@router.get(
    "/estimates/{uuid:estimate_id}/report.csv",
    response={200: bytes, **NOT_SEEN_ERRORS, 409: ErrorOut},
    url_name="report-csv",
    summary="The report as CSV",
    openapi_extra={"responses": {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}},
)
def report_csv(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """One row a quantity, a step and an input, in full precision; no cell is taken for a formula."""
    row = stored_estimate(request, estimate_id)
    footprint = row.result()
    if footprint is None:
        raise not_done()
    name = slugify(row.title)[:60].strip("-") or "report"
    return HttpResponse(
        footprint_csv(footprint, translation.gettext),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="wattprint-{name}.csv"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.get(
    "/exports/estimates.{export_name}",
    auth=AccountToken("estimates"),
    response={200: bytes, 422: ErrorOut, **SIGNED_IN_ERRORS},
    url_name="export",
    summary="Your finished runs as a table",
    openapi_extra=_FILES,
)
def export(request: HttpRequest, export_name: ExportName) -> StreamingHttpResponse:
    """CSV, XLSX and Parquet have a row a run, with low, central and high of each quantity; JSON has it whole."""
    rows = Estimate.objects.owned_by(require_user(request, "estimates"))
    return export_response(FORMATS[export_name], exported_runs(rows=rows))


@router.get("/schemas/footprint.json", response={200: dict[str, Any]}, summary="The JSON Schema of a footprint")
def footprint_schema(request: HttpRequest) -> dict[str, Any]:
    """What `/calculate`, `report.json`, the export and the file inside a PDF follow."""
    return Footprint.model_json_schema(mode="serialization")
