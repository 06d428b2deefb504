"""Rows, querysets and constraints; no arithmetic. One module a topic; Django finds the rows that are listed here."""

from estimator.models.dataset import Dataset
from estimator.models.estimate import Estimate
from estimator.models.imported import ImportedFile, ImportedFileQuerySet
from estimator.models.job import LEASE, MAX_ATTEMPTS, QUEUE_PATIENCE, Job, JobQuerySet, JobStatus
from estimator.models.owned import OwnedQuerySet
from estimator.models.plan import Plan
from estimator.models.token import ApiToken, TokenScope

__all__ = [
    "LEASE",
    "MAX_ATTEMPTS",
    "QUEUE_PATIENCE",
    "ApiToken",
    "Dataset",
    "Estimate",
    "ImportedFile",
    "ImportedFileQuerySet",
    "Job",
    "JobQuerySet",
    "JobStatus",
    "OwnedQuerySet",
    "Plan",
    "TokenScope",
]
