"""Rows of reports. One module a topic; all rows are listed here, so that Django finds them."""

from reports.models.report import Report
from reports.models.schedule import Cadence, Outcome, Schedule, ScheduledRun

__all__ = ["Cadence", "Outcome", "Report", "Schedule", "ScheduledRun"]
