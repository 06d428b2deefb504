"""Whether the site works at this moment."""

import logging
from dataclasses import dataclass

from estimator import broker
from estimator.models import Estimate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SiteHealth:
    """What works at this moment."""

    database: bool
    broker: bool
    workers_count: int
    queues: frozenset[str]

    @property
    def ok(self) -> bool:
        """Whether an estimate that is handed in now will be computed now."""
        return self.database and self.broker and self.workers_count > 0


def site_health() -> SiteHealth:
    """What works at this moment: database, broker, workers."""
    try:
        Estimate.objects.exists()
        database = True
    except Exception:
        logger.exception("The database does not answer")
        database = False
    workers = broker.live_workers()
    return SiteHealth(
        database=database,
        broker=workers is not None,
        workers_count=workers[""] if workers else 0,
        queues=frozenset(queue for queue in workers if queue) if workers else frozenset(),
    )
