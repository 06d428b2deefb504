"""A run in the forms in which it is handed on."""

import uuid
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Router, Schema
from pydantic import TypeAdapter

from estimator.api import ApiError, ErrorOut, invalid_input
from estimator.api.found import NOT_SEEN_ERRORS, not_done, stored_estimate
from estimator.core.inputs import InputProblem
from estimator.models import Estimate
from reports.disclosures import FORMATS, QUESTIONS, DisclosureDetails
from reports.summary import ReportSummary
from reports.views.disclosures import disclosure_details, disclosure_of, disclosure_response

router = Router()

#: A report takes a second or two: most callers get it at once, the others come back.
WAIT_S: Final = 5.0
RETRY_AFTER_S: Final = 2

_SUMMARY: Final = TypeAdapter(ReportSummary)


class MissingOut(Schema):
    """Something that a disclosure lacks: a parameter of it, or a field of the run."""

    field: str
    why: str
    rule: str


class DisclosureOut(Schema):
    """One form in which a run can be handed on."""

    format: str
    title: str
    summary: str
    media_type: str
    url: str
    asks: list[str]
    missing: list[MissingOut]


#: The details of a disclosure, as parameters of the address.
_DETAILS: Final[list[dict[str, Any]]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": question.label,
        "schema": {"type": "string", "enum": [value for value, _ in question.choices]}
        if question.choices
        else {"number": {"type": "number", "exclusiveMinimum": 0}, "date": {"type": "string", "format": "date"}}.get(
            question.kind, {"type": "string", "maxLength": 200}
        ),
    }
    for name, question in QUESTIONS.items()
]
_MEDIA_TYPES: Final = sorted({one.media_type for one in FORMATS.values()})


@router.get(
    "/estimates/{uuid:estimate_id}/disclosures",
    response={200: list[DisclosureOut], **NOT_SEEN_ERRORS, 409: ErrorOut, 422: ErrorOut},
    url_name="disclosures",
    summary="The forms in which a run can be handed on, and what each still lacks",
    openapi_extra={"parameters": _DETAILS},
)
def disclosures(request: HttpRequest, estimate_id: uuid.UUID) -> list[DisclosureOut]:
    """What only the user knows is given as parameters of the address; empty ones are unknown."""
    row = stored_estimate(request, estimate_id)
    details = _details(request, row)
    found = []
    for one in FORMATS.values():
        made = disclosure_of(row, one, details)
        if made is None:
            raise not_done()
        url = request.build_absolute_uri(reverse("api:disclosure", args=[row.id, one.name]))
        missing = [MissingOut(field=lack.field, why=lack.why, rule=lack.rule) for lack in made.missing]
        found.append(
            DisclosureOut(
                format=one.name,
                title=one.title,
                summary=one.summary,
                media_type=one.media_type,
                url=url,
                asks=list(one.asks),
                missing=missing,
            )
        )
    return found


@router.get(
    "/estimates/{uuid:estimate_id}/disclosures/{format_name}",
    response={200: bytes, **NOT_SEEN_ERRORS, 409: ErrorOut, 422: ErrorOut},
    url_name="disclosure",
    summary="A run in one of the forms in which it is handed on",
    openapi_extra={
        "parameters": _DETAILS,
        "responses": {200: {"content": {kind: {"schema": {"type": "string"}} for kind in _MEDIA_TYPES}}},
    },
)
def disclosure(request: HttpRequest, estimate_id: uuid.UUID, format_name: str) -> HttpResponse:
    """
    The document itself, in English.

    What only the user knows is given as parameters of the address; the list of forms says what each still lacks.
    """
    row = stored_estimate(request, estimate_id)
    chosen = FORMATS.get(format_name)
    if chosen is None:
        raise ApiError(404, "not_found", f"There is no such form; there are: {', '.join(FORMATS)}.")
    made = disclosure_of(row, chosen, _details(request, row))
    if made is None:
        raise not_done()
    return disclosure_response(row, made)


def _details(request: HttpRequest, row: Estimate) -> DisclosureDetails:
    details, problems = disclosure_details(row, request.GET.dict())
    if problems:
        raise invalid_input([InputProblem(path=name, message=message) for name, message in problems.items()])
    return details
