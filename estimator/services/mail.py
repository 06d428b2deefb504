"""One mail to the owner of a row, sent outside any transaction, tried a few times, and never twice."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any, Final

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.mail import send_mail

from estimator.models.mailed import Mailed, MailState

logger = logging.getLogger(__name__)

#: What is more is for the next round; a worker has its time limit.
MAILS_AT_ONCE: Final = 15
MAIL_ATTEMPTS: Final = 3
MAIL_AGAIN: Final = timedelta(minutes=30)


def address_of(owner: User) -> str:
    """Where mail may go: nobody else's address is written to, so only a confirmed one; empty without one."""
    found = EmailAddress.objects.filter(user=owner, verified=True).order_by("-primary", "pk").first()
    return str(found.email) if found else ""


def waiting(now: datetime) -> dict[str, Any]:
    """Which rows are to be mailed now, as a filter."""
    return {"mail": MailState.WAITING, "mail_next_at__lte": now, "mail_attempts__lt": MAIL_ATTEMPTS}


def deliver(row: Mailed, *, owner: User, write: Callable[[], tuple[str, str]], now: datetime) -> bool:
    """
    Send the mail of a row.

    Parameters
    ----------
    row : Mailed
        Which one, as it was read.
    owner : User
        Whom it is for.
    write : callable
        Gives subject and text.
    now : datetime
        The time.

    Returns
    -------
    bool
        False where somebody else sends it, the server does not take it, or there is no address.
    """
    rows: Any = type(row)._default_manager.filter(pk=row.pk)
    attempt = row.mail_attempts + 1
    held = rows.filter(mail=MailState.WAITING, mail_attempts=row.mail_attempts)
    # Noted before it is sent: a worker that dies in between costs an attempt, and never sends without end.
    if held.update(mail_attempts=attempt, mail_next_at=now + MAIL_AGAIN) != 1:
        return False
    address = address_of(owner)
    try:
        if address:
            subject, text = write()
            send_mail(" ".join(subject.split()), text, None, [address])
    except (SMTPException, OSError):
        logger.exception("The mail of %s %s was not taken", type(row).__name__, row.pk)
        if attempt >= MAIL_ATTEMPTS:
            rows.update(mail=MailState.FAILED)
        return False
    rows.update(mail=MailState.SENT if address else MailState.NONE)
    return bool(address)
