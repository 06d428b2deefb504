"""The verbs. One module a topic; those of a report stand here too."""

from reports.services.reports import (
    JOBS,
    MOST_RUNS,
    EstimateNotDone,
    TooManyRuns,
    file_name,
    request_collection,
    request_report,
    retry_report,
    run_report,
)

__all__ = [
    "JOBS",
    "MOST_RUNS",
    "EstimateNotDone",
    "TooManyRuns",
    "file_name",
    "request_collection",
    "request_report",
    "retry_report",
    "run_report",
]
