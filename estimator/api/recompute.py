"""Compute a stored run anew."""

import uuid
from typing import Annotated

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import Field

from estimator.api.found import NOT_SEEN_ERRORS, no_estimate, not_done, stored_estimate
from estimator.api.shape import ERRORS, ErrorOut, invalid_input, json_response, throttle
from estimator.core.footprint import Footprint, Range, readable
from estimator.core.inputs import InputProblem
from estimator.models import WHO_MAY_SEE, Estimate
from estimator.services.datasets import DatasetUnknown
from estimator.services.recompute import NothingStored, recompute_estimate

router = Router()


class RecomputeIn(Schema):
    """By the tables of which version; null for those of now."""

    dataset_version: Annotated[str | None, Field(max_length=40)] = None


class DifferenceOut(Schema):
    """One number that differs; null where only one side has it."""

    kind: str
    name: str
    unit: str
    before: Range | None
    after: Range | None
    ratio: float | None


class RecomputedOut(Schema):
    """The same run, computed anew beside what is stored."""

    id: uuid.UUID
    is_equal: bool
    before_engine_version: str
    before_dataset_version: str
    differences: list[DifferenceOut]
    footprint: Footprint


@router.post(
    "/estimates/{uuid:estimate_id}/recompute",
    response={200: RecomputedOut, **NOT_SEEN_ERRORS, 409: ErrorOut, **ERRORS},
    summary="Compute a stored run anew, and say what differs",
)
def recompute(request: HttpRequest, estimate_id: uuid.UUID, payload: RecomputeIn | None = None) -> HttpResponse:
    """
    By today's tables, or by those of a named `dataset_version` that an estimate here was computed with.

    Nothing is stored. By the tables and the version that made it, it is equal to the last digit.
    """
    throttle(request, "calculate", settings.THROTTLE_CALCULATE_PER_MINUTE)
    version = payload.dataset_version if payload else None
    stored_estimate(request, estimate_id, Estimate.objects.only(*WHO_MAY_SEE))
    try:
        done = recompute_estimate(estimate_id=estimate_id, dataset_version=version)
    except Estimate.DoesNotExist:
        raise no_estimate() from None
    except NothingStored:
        raise not_done() from None
    except DatasetUnknown:
        message = "No estimate here was computed with this version. Take the dataset_version of an estimate, or null."
        raise invalid_input([InputProblem(path="dataset_version", message=message)]) from None
    return json_response(
        RecomputedOut.model_construct(
            id=estimate_id,
            is_equal=done.is_equal,
            before_engine_version=done.before.engine_version,
            before_dataset_version=done.before.dataset_version,
            differences=[
                DifferenceOut(
                    kind=one.kind, name=one.name, unit=one.unit, before=one.before, after=one.after, ratio=one.ratio
                )
                for one in done.differences
            ],
            footprint=readable(done.after),
        )
    )
