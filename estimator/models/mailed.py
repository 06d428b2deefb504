"""What is told to an owner by mail: the row says whether it waits, was sent, or was not taken."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MailState(models.TextChoices):
    """Whether its owner was told by mail."""

    NONE = "none", ""
    WAITING = "waiting", _("A mail follows.")
    SENT = "sent", _("Mailed.")
    FAILED = "failed", _("The mail server did not take the mail.")


class Mailed(models.Model):
    """A row whose owner is told by one mail."""

    mail = models.CharField(max_length=7, choices=MailState.choices, default=MailState.NONE)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    #: Not before this.
    mail_next_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
