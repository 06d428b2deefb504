"""Rows of reports. One module a topic; all rows are listed here, so that Django finds them."""

from reports.models.report import Report

__all__ = ["Report"]
