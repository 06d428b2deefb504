"""How a job's message is sent, and sent again when it was lost: the same for every kind of job."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from estimator import broker
from estimator.models import Job, JobQuerySet, JobStatus

#: More than this wait for the next round.
RESCUED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class JobQueue:
    """Rows of one kind, the task that works on one of them, and the queue that carries its messages."""

    model: type[Job]
    task: str
    name: str

    @property
    def rows(self) -> JobQuerySet[Any]:
        """All rows of the kind."""
        return JobQuerySet(self.model)

    def send(self, *, pk: uuid.UUID, now: datetime) -> None:
        """Send the message of a queued row; where the broker is away, the rescue round sends it later."""
        if broker.enqueue(task=self.task, args=[str(pk)], queue=self.name):
            self.rows.filter(pk=pk, status=JobStatus.QUEUED).update(queued_at=now)

    def release(self, *, worker: str, started: datetime, now: datetime) -> int:
        """Free what was held under this worker's name before it started, and send it at once."""
        freed = self.rows.release(worker=worker, started=started)
        if freed:
            self.rescue(now=now)
        return freed

    def rescue(self, *, now: datetime) -> int:
        """Send again what lost its message or its worker; fail what was tried too often."""
        queue_length = broker.queue_length(queue=self.name)
        if queue_length is None:
            return 0
        self.rows.give_up(now=now)
        lost = self.rows.waiting_for_a_message(now=now, queue_is_empty=queue_length == 0)
        waiting = list(lost.order_by("created_at").values_list("pk", flat=True)[:RESCUED_AT_ONCE])
        for pk in waiting:
            self.send(pk=pk, now=now)
        return len(waiting)
