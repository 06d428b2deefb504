"""The JSON API of estimates: parse into the core's inputs, call one service, answer. One module a topic."""

from typing import Final

from ninja import Router

from estimator.api import (
    calibrations,
    catalogue,
    estimates,
    health,
    imports,
    ledgers,
    measurements,
    plans,
    recompute,
    samples,
    scenarios,
    sharing,
    workers,
)
from estimator.api.shape import ApiError, ErrorOut, invalid_input

__all__ = ["ROUTERS", "ApiError", "ErrorOut", "invalid_input"]

#: Mounted by config.api, in this order of the documentation.
ROUTERS: Final[tuple[Router, ...]] = (
    estimates.router,
    sharing.router,
    recompute.router,
    scenarios.router,
    plans.router,
    ledgers.router,
    imports.router,
    workers.router,
    measurements.router,
    samples.router,
    calibrations.router,
    catalogue.router,
    health.router,
)
