"""What the calls of one estimate share: the row, and why there is none."""

import uuid

from estimator.api import ApiError
from estimator.models import Estimate


def stored_estimate(estimate_id: uuid.UUID) -> Estimate:
    """The row, or 404."""
    row = Estimate.objects.filter(pk=estimate_id).first()
    if row is None:
        raise no_estimate()
    return row


def no_estimate() -> ApiError:
    """404."""
    return ApiError(404, "not_found", "There is no estimate with this id.")


def not_done() -> ApiError:
    """409."""
    return ApiError(409, "not_done", "This estimate has no footprint yet; its own address says where it stands.")
