"""Rows, querysets and constraints; no arithmetic. One module a topic; Django finds the rows that are listed here."""

from estimator.models.dataset import Dataset
from estimator.models.estimate import Estimate
from estimator.models.job import LEASE, MAX_ATTEMPTS, QUEUE_PATIENCE, Job, JobQuerySet, JobStatus
from estimator.models.plan import Plan

__all__ = ["LEASE", "MAX_ATTEMPTS", "QUEUE_PATIENCE", "Dataset", "Estimate", "Job", "JobQuerySet", "JobStatus", "Plan"]
