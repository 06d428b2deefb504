"""What the calls of one estimate share: the row, for whoever may see it, and why there is none."""

import uuid
from functools import partial
from typing import Final

from django.db.models import QuerySet
from django.http import HttpRequest

from estimator import access
from estimator.api.auth import caller_of, optional_user
from estimator.api.shape import ApiError, ErrorOut
from estimator.models import Estimate, TokenScope
from estimator.views.asked import is_theirs

#: What a call of one estimate may answer where there is nothing to be seen.
NOT_SEEN_ERRORS: Final = dict.fromkeys((404, 410), ErrorOut)


def stored_estimate(request: HttpRequest, estimate_id: uuid.UUID, rows: QuerySet[Estimate] | None = None) -> Estimate:
    """
    The row; a queryset that leaves fields out keeps `WHO_MAY_SEE`.

    Raises
    ------
    ApiError
        404 if there is none, or none that concerns the caller; 403 if it is the caller's, and the token may not use it.
    Withdrawn
        If it is not shown any more; it is answered with 410.
    """
    found = Estimate.objects if rows is None else rows
    return visible(request, found.filter(pk=estimate_id).first())


def visible(request: HttpRequest, row: Estimate | None) -> Estimate:
    """A row for the call that asks for it; raises as `stored_estimate` does."""
    seen = access.visible_estimate(row, is_theirs=partial(is_callers, request))
    if seen is None:
        raise no_estimate()
    return seen


def is_callers(request: HttpRequest, row: Estimate) -> bool:
    """Whether an estimate is that of the caller: of his token's account, or what a page of his would take for his."""
    caller = caller_of(request)
    if caller.is_doubtful:
        return False
    if caller.token is None:
        return is_theirs(request, row)
    if row.owner_id is None or row.owner_id != caller.token.owner_id:
        return False
    return optional_user(request, TokenScope.ESTIMATES) is not None


def no_estimate() -> ApiError:
    """404."""
    return ApiError(404, "not_found", "There is no estimate with this id.")


def not_done() -> ApiError:
    """409."""
    return ApiError(409, "not_done", "This estimate has no footprint yet; its own address says where it stands.")
