"""Which runs go into an export."""

from collections.abc import Iterator
from typing import Final

from django.db.models import QuerySet

from estimator.models import Estimate, JobStatus
from reports.exports import StoredRun

#: More runs than these are asked for in parts.
MOST_RUNS: Final = 20_000
_AT_ONCE: Final = 200


def exported_runs(*, rows: QuerySet[Estimate]) -> Iterator[StoredRun]:
    """The finished runs among these, newest first, read a few at a time."""
    done = rows.filter(status=JobStatus.DONE).order_by("-created_at", "-pk").defer("inputs")
    for row in done[:MOST_RUNS].iterator(chunk_size=_AT_ONCE):
        footprint = row.result()
        if footprint is not None:
            yield StoredRun(id=str(row.pk), made_at=row.finished_at or row.created_at, footprint=footprint)
