"""The verbs. One module a topic; those of a report stand here too."""

from reports.services.reports import JOBS, EstimateNotDone, file_name, request_report, run_report

__all__ = ["JOBS", "EstimateNotDone", "file_name", "request_report", "run_report"]
