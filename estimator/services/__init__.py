"""
The verbs: keyword-only, atomic, one for each thing that a person, a program or a worker asks for.

One module a topic; those of an estimate and of the site as a whole stand here too.
"""

from estimator.services.accounts import claim_estimates, delete_estimate, estimates_of
from estimator.services.estimates import (
    EXAMPLE,
    JOBS,
    IdempotencyConflict,
    calculate,
    example_footprint,
    retry_estimate,
    run_estimate,
    submit_estimate,
)
from estimator.services.health import SiteHealth, site_health

__all__ = [
    "EXAMPLE",
    "JOBS",
    "IdempotencyConflict",
    "SiteHealth",
    "calculate",
    "claim_estimates",
    "delete_estimate",
    "estimates_of",
    "example_footprint",
    "retry_estimate",
    "run_estimate",
    "site_health",
    "submit_estimate",
]
