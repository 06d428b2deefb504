"""Rows, querysets and constraints; no arithmetic. One module a topic; Django finds the rows that are listed here."""

from estimator.models.budget import BudgetMail
from estimator.models.dataset import Dataset
from estimator.models.estimate import WHO_MAY_SEE, Estimate, Sharing
from estimator.models.imported import ImportedFile, ImportedFileQuerySet
from estimator.models.job import LEASE, MAX_ATTEMPTS, QUEUE_PATIENCE, Job, JobQuerySet, JobStatus
from estimator.models.ledger import Ledger
from estimator.models.mailed import Mailed, MailState
from estimator.models.measurement import (
    FootprintOf,
    Measurement,
    MeasurementKind,
    MeasurementStatus,
    SampleChunk,
    SampleSum,
    Target,
)
from estimator.models.observation import Observation, ObservationQuerySet
from estimator.models.owned import OwnedQuerySet
from estimator.models.plan import Plan
from estimator.models.scenario import Scenario
from estimator.models.token import ApiToken, TokenScope
from estimator.models.worker import Enrolment, Worker

__all__ = [
    "LEASE",
    "MAX_ATTEMPTS",
    "QUEUE_PATIENCE",
    "WHO_MAY_SEE",
    "ApiToken",
    "BudgetMail",
    "Dataset",
    "Enrolment",
    "Estimate",
    "FootprintOf",
    "ImportedFile",
    "ImportedFileQuerySet",
    "Job",
    "JobQuerySet",
    "JobStatus",
    "Ledger",
    "MailState",
    "Mailed",
    "Measurement",
    "MeasurementKind",
    "MeasurementStatus",
    "Observation",
    "ObservationQuerySet",
    "OwnedQuerySet",
    "Plan",
    "SampleChunk",
    "SampleSum",
    "Scenario",
    "Sharing",
    "Target",
    "TokenScope",
    "Worker",
]
