"""Hand a run on in one of the forms in which it is owed."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from estimator.access import is_open
from estimator.forms.workload import entry_at
from estimator.models import Estimate
from estimator.views.asked import estimate_for
from reports.disclosures import (
    FORMATS,
    QUESTIONS,
    Disclosure,
    DisclosureDetails,
    Format,
    Question,
    details_from,
    disclose,
)

#: The form that is a picture for other pages.
BADGE: Final = "badge"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the form of a disclosure."""

    name: str
    question: Question
    label: str
    choices: tuple[tuple[str, str], ...]
    value: str
    problem: str


@require_safe
@never_cache
def disclosures(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """A finished estimate in one of the forms, what it lacks, and the questions that fill it in."""
    row = estimate_for(request, estimate_id)
    chosen = FORMATS.get(request.GET.get("format", next(iter(FORMATS))))
    if chosen is None:
        raise Http404
    typed = {name: text for name in QUESTIONS if (text := request.GET.get(name, "").strip())}
    details, problems = disclosure_details(row, typed)
    made = disclosure_of(row, chosen, details)
    if made is None:
        return redirect("estimate", estimate_id)  # its page says where it stands
    lacking = {missing.field for missing in made.missing}
    asked = list(_asked(chosen, typed, problems))
    address = reverse("api:disclosure", args=[row.id, chosen.name])
    readable = {name: text for name, text in typed.items() if name not in problems}
    page = {
        "estimate": row,
        "formats": [
            (gettext(one.title), urlencode({"format": one.name} | typed), one is chosen) for one in FORMATS.values()
        ],
        "chosen": chosen,
        "title": gettext(chosen.title),
        "summary": gettext(chosen.summary),
        "content": made.content,
        "missing": [(_label(one.field), gettext(one.why), one) for one in made.missing],
        "is_missing_in_run": bool(lacking - set(QUESTIONS)),
        "first_asked": [one for one in asked if one.name in lacking or one.problem],
        "then_asked": [one for one in asked if one.name not in lacking and not one.problem],
        "kept": [(name, text) for name, text in typed.items() if name not in chosen.asks],
        "download": f"{address}?{urlencode(readable)}" if readable else address,
    }
    response = render(request, "reports/disclosures.html", page)
    response["X-Robots-Tag"] = "noindex"
    return response


def _label(field: str) -> str:
    """What people call a detail, or a field of the run; empty for one that is not on the form."""
    if field in QUESTIONS:
        return gettext(QUESTIONS[field].label)
    entry = entry_at(field)
    return str(entry.label) if entry else ""


def _asked(chosen: Format, typed: Mapping[str, str], problems: Mapping[str, str]) -> Iterator[Asked]:
    for name in chosen.asks:
        question = QUESTIONS[name]
        yield Asked(
            name=name,
            question=question,
            label=gettext(question.label),
            choices=tuple((value, gettext(label)) for value, label in question.choices),
            value=typed.get(name, ""),
            problem=gettext(problems[name]) if name in problems else "",
        )


def disclosure_details(row: Estimate, typed: Mapping[str, str]) -> tuple[DisclosureDetails, dict[str, str]]:
    """What was typed, and what the row knows: its id, and when its figures were made."""
    made_at = (row.finished_at or row.created_at).astimezone(UTC)
    return details_from(typed, run_id=str(row.id), made_at=f"{made_at:%Y-%m-%d %H:%M:%S}")


def disclosure_of(row: Estimate, chosen: Format, details: DisclosureDetails) -> Disclosure | None:
    """A stored run in one form; None while there is no footprint."""
    footprint = row.result()
    if footprint is None:
        return None
    return disclose(chosen.name, workload=row.workload(), footprint=footprint, details=details)


def disclosure_response(row: Estimate, made: Disclosure) -> HttpResponse:
    """A document as a file; a badge is shown where it stands."""
    one = made.format
    slug = slugify(row.title)[:60].strip("-") or "estimate"
    kind = "inline" if one.media_type == "image/svg+xml" else "attachment"
    is_text = one.media_type.startswith("text/")
    return HttpResponse(
        made.content.encode(),
        content_type=f"{one.media_type}; charset=utf-8" if is_text else one.media_type,
        headers={
            "Content-Disposition": f'{kind}; filename="wattprint-{slug}-{one.name}.{one.extension}"',
            "X-Content-Type-Options": "nosniff",
            **(_badge_headers(row) if one.name == BADGE else {}),
        },
    )


def _badge_headers(row: Estimate) -> dict[str, str]:
    """A badge stands on pages of other sites, also on those that refuse what does not say that it may."""
    if not is_open(row):
        return {"Cache-Control": "private, no-store"}
    # Soon enough gone when it is withdrawn, and kept long enough that a page that many read costs little.
    return {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
