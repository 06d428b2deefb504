"""Find the stored figures behind a digest."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from estimator.core.footprint import Footprint
from estimator.models import Estimate, JobStatus
from reports.models import Report

#: The same inputs under this many versions are shown, newest first.
MAX_VERSIONS: Final = 6
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class AllWithdrawn(Exception):
    """Something was stored for these inputs, and none of it is shown any more."""


@dataclass(frozen=True, slots=True)
class StoredFigures:
    """One result for some inputs, by one version of the formulas and of the tables."""

    estimate_id: UUID
    made_at: datetime
    footprint: Footprint


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A PDF that was made here, by its bytes."""

    made_at: datetime
    runs_count: int
    #: Of the inputs of the runs that it is over; none of those that are withdrawn, or deleted.
    digests: tuple[str, ...]
    #: The only run that it is over, as long as it is shown.
    figures: StoredFigures | None


def known_file(*, sha256: str) -> KnownFile | None:
    """
    The report whose file has exactly these bytes; None where none was made here, or before such digests were kept.

    Like `figures_of` it names nobody, and no page: whoever has the file knows what it says.
    """
    found = Report.objects.filter(pdf_sha256=sha256, status=JobStatus.DONE).exclude(pdf_sha256="")
    row = found.select_related("estimate").defer("pdf", "logo").order_by("created_at").first()
    if row is None:
        return None
    asked = [row.estimate] if row.estimate is not None else list(_in_order(row.estimate_ids))
    shown = [one for one in asked if one.withdrawn_at is None]
    footprint = shown[0].result() if shown and row.estimate is not None else None
    return KnownFile(
        made_at=row.finished_at or row.created_at,
        runs_count=1 if row.estimate_id else len(row.estimate_ids),
        digests=tuple(dict.fromkeys(one.input_digest for one in shown)),
        figures=StoredFigures(shown[0].pk, shown[0].finished_at or shown[0].created_at, footprint)
        if footprint is not None
        else None,
    )


def _in_order(estimate_ids: list[str]) -> Iterator[Estimate]:
    rows = Estimate.objects.only("input_digest", "withdrawn_at").in_bulk([UUID(one) for one in estimate_ids])
    return (rows[known] for one in estimate_ids if (known := UUID(one)) in rows)


def is_digest(text: str) -> bool:
    """Whether a text can be the digest of a run's inputs: 64 hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def figures_of(*, digest: str) -> tuple[StoredFigures, ...]:
    """
    What is stored for the inputs with this digest: one result for each pair of versions, the newest first.

    Nothing of it names who made it, or where its page is: whoever holds the digest holds a report with these figures.

    Raises
    ------
    AllWithdrawn
        If all of it is withdrawn.
    """
    every = Estimate.objects.filter(input_digest=digest, status=JobStatus.DONE)
    rows = every.filter(withdrawn_at=None)
    versions = rows.order_by("engine_version", "dataset_version").values_list("engine_version", "dataset_version")
    found = []
    for engine_version, dataset_version in versions.distinct()[:MAX_VERSIONS]:
        row = rows.filter(engine_version=engine_version, dataset_version=dataset_version).order_by("created_at")[0]
        footprint = row.result()
        if footprint is not None:
            found.append(StoredFigures(row.id, row.finished_at or row.created_at, footprint))
    if not found and every.exists():
        raise AllWithdrawn
    return tuple(sorted(found, key=lambda one: one.made_at, reverse=True))
