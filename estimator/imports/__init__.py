"""
Files that other energy trackers wrote, read by what stands in them and never by their name.

`read_import` takes bytes and gives one `ImportedMeasurement`, or refuses with one `UnreadableFile` that says which line
is wrong and what to do. Nothing here knows a database, a request or a clock.
"""

from estimator.imports.answers import Answers
from estimator.imports.recognise import read_import
from estimator.imports.result import (
    MAX_BYTES,
    MAX_ROW_ERRORS,
    ImportedMeasurement,
    ImportNotice,
    PowerTrace,
    RowError,
    UnreadableFile,
)

__all__ = [
    "MAX_BYTES",
    "MAX_ROW_ERRORS",
    "Answers",
    "ImportNotice",
    "ImportedMeasurement",
    "PowerTrace",
    "RowError",
    "UnreadableFile",
    "read_import",
]
