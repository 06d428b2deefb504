"""Find the stored figures behind a digest."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from estimator.core.footprint import Footprint
from estimator.models import Estimate, JobStatus

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
