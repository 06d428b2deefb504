"""Estimates that a measurement can be set against, so told that one is known from another."""

import contextlib
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from estimator.core.inputs import InputProblems
from estimator.models import Estimate, JobStatus
from estimator.reference import catalogue
from estimator.views.asked import RECENT


@dataclass(frozen=True, slots=True)
class Choice:
    """One of them."""

    estimate: Estimate
    hardware: str


def comparable(rows: QuerySet[Estimate]) -> list[Choice]:
    """
    The newest finished ones that are no measurement themselves: a measured energy says nothing about an estimated one.

    Parameters
    ----------
    rows : QuerySet of Estimate
        Those that may be seen.
    """
    done = rows.filter(status=JobStatus.DONE, measured_by=None).order_by("-created_at", "-pk")
    found = done.only("id", "title", "created_at", "inputs")[: 2 * RECENT]
    return [Choice(row, _hardware(row.inputs)) for row in found if not _is_measured(row.inputs)][:RECENT]


def _is_measured(inputs: dict[str, Any]) -> bool:
    method = inputs.get("method", "auto")
    return bool(method == "measured" or (method == "auto" and inputs.get("it_energy_kwh")))


def _hardware(inputs: dict[str, Any]) -> str:
    told = inputs.get("hardware") or {}
    for kind in ("accelerator", "cpu"):
        name, count = told.get(kind), told.get(f"{kind}_count")
        if name:
            with contextlib.suppress(InputProblems):
                name = catalogue.find_hardware(name).label
            return f"{count} × {name}" if count else str(name)
    return ""
