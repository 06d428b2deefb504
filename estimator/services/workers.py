"""Workers: let machines enrol, hear from them, rename, disable and delete them."""

import logging
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from estimator import broker_access, broker_watch
from estimator.models import Enrolment, Measurement, Worker
from estimator.models.measurement import OPEN, MeasurementStatus
from estimator.models.token import is_token, new_token, token_digest, token_prefix
from estimator.models.worker import OFFLINE_AFTER

logger = logging.getLogger(__name__)

MOST_WORKERS: Final = 200
#: Tokens that wait for a machine.
MOST_ENROLMENTS: Final = 20
ENROL_WITHIN: Final = timedelta(hours=24)
_ENROLMENT_MARK: Final = "wpe"
_SECRET_MARK: Final = "wpw"
_LONGEST_TOKEN: Final = 200
_NOBODYS_DIGEST: Final = token_digest("")


class EnrolmentRefused(Exception):
    """A token does not let this machine in: why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class TooMany(Exception):
    """The account has as many as it may have: "tokens" that wait, or "workers"."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class SpokenFor(Exception):
    """Another process, elsewhere, works with this worker's credentials."""


@dataclass(frozen=True, slots=True)
class NewEnrolment:
    """A row, and its token: the only time that it is seen."""

    row: Enrolment
    token: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A worker, with what it is told this once."""

    worker: Worker
    secret: str
    broker_password: str


def create_enrolment(*, owner: User, lifetime: timedelta = ENROL_WITHIN) -> NewEnrolment:
    """
    Make a token by which one machine may enrol.

    Raises
    ------
    TooMany
        If too many wait for a machine already, or there are too many workers.
    """
    now = timezone.now()
    token, prefix = new_token(_ENROLMENT_MARK)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)
        tokens = Enrolment.objects.owned_by(owner)
        waiting_count = tokens.filter(revoked_at=None, used_at=None, expires_at__gt=now).count()
        if waiting_count >= MOST_ENROLMENTS:
            raise TooMany("tokens")
        if waiting_count + Worker.objects.owned_by(owner).count() >= MOST_WORKERS:
            raise TooMany("workers")
        ended = Q(used_at=None) & (Q(revoked_at__isnull=False) | Q(expires_at__lte=now))
        tokens.filter(ended | Q(used_at__isnull=False, worker=None)).delete()
        row = Enrolment.objects.create(
            owner=owner, prefix=prefix, digest=token_digest(token), created_at=now, expires_at=now + lifetime
        )
    return NewEnrolment(row, token)


def waiting_enrolment(*, owner: User, token: str) -> NewEnrolment | None:
    """A token that waits for its machine, with its row; None for what is not the owner's, or waits no more."""
    waiting = Enrolment.objects.owned_by(owner).filter(revoked_at=None, used_at=None, expires_at__gt=timezone.now())
    row = waiting.filter(prefix=token_prefix(token)).first() if token else None
    return NewEnrolment(row, token) if row is not None and is_token(token, row.digest) else None


def revoke_enrolment(*, owner: User, enrolment_id: int) -> bool:
    """End a token that waits for its machine."""
    waiting = Enrolment.objects.owned_by(owner).filter(pk=enrolment_id, revoked_at=None, used_at=None)
    return waiting.update(revoked_at=timezone.now()) == 1


def enrol(
    *, token: str, name: str, installation: str, version: str, inventory: dict[str, Any], workloads: Sequence[str]
) -> Enrolled:
    """
    Make a machine a worker of whoever made the token.

    Parameters
    ----------
    token : str
        Works once; for the same installation it works again while its worker was never heard of.
    name : str
        What its pages call it.
    installation : str
        Made up by the machine.
    version, inventory, workloads
        What it tells of itself.

    Raises
    ------
    EnrolmentRefused
        If the token does not let it in.
    BrokerRefuses
        If it has no place at the broker; then the token is still good.
    """
    now = timezone.now()
    with transaction.atomic():
        known = Enrolment.objects.select_for_update(of=("self",)).select_related("owner", "worker")
        row = known.filter(prefix=token_prefix(token)).first() if 0 < len(token) <= _LONGEST_TOKEN else None
        if not is_token(token, row.digest if row else _NOBODYS_DIGEST) or row is None or not row.owner.is_active:
            raise EnrolmentRefused(
                "invalid_token", "This enrolment token is unknown. Make a new one on the page Workers."
            )
        again = row.used_at is not None and row.installation == installation and row.worker is not None
        if row.revoked_at is not None or (row.used_at is None and not row.works_at(now)):
            raise EnrolmentRefused(
                "token_ended", "This enrolment token has expired or was revoked. Make a new one on the page Workers."
            )
        if row.used_at is not None and not (again and row.worker is not None and row.worker.last_seen_at is None):
            raise EnrolmentRefused(
                "token_used", "This enrolment token was used by another machine. Each machine needs one of its own."
            )
        secret, prefix = new_token(_SECRET_MARK)
        password = secrets.token_urlsafe(32)
        if row.worker is not None:  # the answer was lost on its way
            broker_access.withdraw(worker_id=row.worker.pk)
            row.worker.delete()
        worker = Worker.objects.create(
            owner=row.owner,
            name=name,
            prefix=prefix,
            digest=token_digest(secret),
            broker_digest=sha256(password.encode()).hexdigest(),
            version=version,
            inventory=inventory,
            workloads=list(workloads),
            created_at=now,
        )
        row.worker, row.used_at, row.installation = worker, now, installation
        row.save(update_fields=["worker", "used_at", "installation"])
        broker_access.grant(worker_id=worker.pk, password_digest=worker.broker_digest)
    return Enrolled(worker, secret, password)


def worker_of(*, secret: str) -> Worker | None:
    """The worker that shows this secret; None where it is none's."""
    row = None
    if 0 < len(secret) <= _LONGEST_TOKEN:
        row = Worker.objects.select_related("owner").filter(prefix=token_prefix(secret)).first()
    if not is_token(secret, row.digest if row else _NOBODYS_DIGEST) or row is None or not row.owner.is_active:
        return None
    return row


def hear(
    *,
    worker: Worker,
    session: str,
    version: str,
    clock_offset_s: float | None,
    round_trip_s: float | None,
    workloads: Sequence[str],
    measurement_ids: Sequence[uuid.UUID],
    now: datetime,
) -> list[uuid.UUID]:
    """
    Note a sign of life.

    Parameters
    ----------
    worker : Worker
        Who gives it.
    session : str
        Which process on which machine speaks for it.
    version, clock_offset_s, round_trip_s, workloads
        What it tells of itself.
    measurement_ids : sequence of UUID
        What it is at.
    now : datetime
        When it was heard.

    Returns
    -------
    list of UUID
        Those of its measurements that are to stop.

    Raises
    ------
    SpokenFor
        If another process spoke for this worker a moment ago.
    """
    free = Q(session="") | Q(session=session) | Q(last_seen_at=None) | Q(last_seen_at__lt=now - OFFLINE_AFTER)
    noted = Worker.objects.filter(free, pk=worker.pk).update(
        session=session,
        last_seen_at=now,
        version=version,
        clock_offset_s=clock_offset_s,
        round_trip_s=round_trip_s,
        workloads=list(workloads),
    )
    if noted != 1:
        raise SpokenFor
    broker_access.give_back(worker_id=worker.pk, password_digest=worker.broker_digest)
    if not measurement_ids:
        return []
    own = Measurement.objects.filter(worker=worker, pk__in=measurement_ids)
    # While the idle machine is measured no samples come.
    own.filter(next_sequence=1, status=MeasurementStatus.RUNNING).update(heard_at=now)
    going_on = set(own.filter(status__in=OPEN, stop_asked_at=None).values_list("pk", flat=True))
    return [key for key in measurement_ids if key not in going_on]


def rename_worker(*, owner: User, worker_id: uuid.UUID, name: str) -> bool:
    """Call it something else."""
    return Worker.objects.owned_by(owner).filter(pk=worker_id).update(name=name) == 1


def disable_worker(*, owner: User, worker_id: uuid.UUID) -> bool:
    """Let it do nothing until it is enabled again; what it measures is stopped."""
    now = timezone.now()
    with transaction.atomic():
        done = Worker.objects.owned_by(owner).filter(pk=worker_id, disabled_at=None).update(disabled_at=now) == 1
        if done:
            end_measurements(worker_id=worker_id, now=now, error_code="worker_disabled")
            transaction.on_commit(lambda: broker_access.withdraw(worker_id=worker_id))
    return done


def enable_worker(*, owner: User, worker_id: uuid.UUID) -> bool:
    """Let it work again."""
    disabled = Worker.objects.owned_by(owner).filter(pk=worker_id, disabled_at__isnull=False)
    done = disabled.update(disabled_at=None, disabled_reason="") == 1
    if done:
        put_broker_right()
    return done


def delete_worker(*, owner: User, worker_id: uuid.UUID) -> bool:
    """Forget it: its secret and its place at the broker are void; its measurements stay."""
    with transaction.atomic():
        row = Worker.objects.owned_by(owner).filter(pk=worker_id).first()
        if row is None:
            return False
        end_measurements(worker_id=worker_id, now=timezone.now(), error_code="worker_deleted")
        row.delete()
        transaction.on_commit(lambda: broker_access.withdraw(worker_id=worker_id))
    return True


def end_measurements(*, worker_id: uuid.UUID, now: datetime, error_code: str) -> None:
    """Give up what a worker will not finish."""
    Measurement.objects.filter(worker_id=worker_id, status__in=OPEN).update(
        status=MeasurementStatus.FAILED, error_code=error_code, finished_at=now, stop_asked_at=now
    )


def look_after_broker(*, now: datetime) -> int:
    """
    Switch off the workers that hold more than they may at the broker, whatever state it is in.

    Parameters
    ----------
    now : datetime
        When it is looked.

    Returns
    -------
    int
        How many.
    """
    found = broker_watch.overstepping()
    for worker_id, reason in found.items():
        logger.warning("Worker %s is switched off: %s at the broker.", worker_id, reason)
        broker_access.withdraw(worker_id=worker_id)  # at once, as this frees Redis
        with transaction.atomic():
            Worker.objects.filter(pk=worker_id, disabled_at=None).update(disabled_at=now, disabled_reason=reason)
            end_measurements(worker_id=worker_id, now=now, error_code="worker_overfull")
        broker_access.withdraw(worker_id=worker_id)  # a sign of life may have let it in again meanwhile
    return len(found)


def put_broker_right() -> int:
    """Make users anew that Redis has lost or knows by other rules."""
    rows = Worker.objects.filter(disabled_at=None).values_list("pk", "broker_digest")
    return broker_access.put_right(digests=dict(rows))
