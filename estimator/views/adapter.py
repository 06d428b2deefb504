"""What we ask of django-allauth beyond its settings."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Who may sign up, and what happens when the mail server is away."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """As the operator has set it."""
        return bool(settings.SIGN_UP_IS_OPEN)

    def clean_email(self, email: str) -> str:
        """An address that mail could reach; that of this machine's owner is nobody's to take."""
        if email.lower().rpartition("@")[2] in {"localhost", "localhost.localdomain"}:
            raise ValidationError(_("Give an address at which mail reaches you."))
        return email

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """The address is the name too, so that `manage.py changepassword` takes what the operator is told."""
        name = user.email[: User._meta.get_field("username").max_length]
        if User.objects.filter(username=name).exists():
            super().populate_username(request, user)
        else:
            user.username = name

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send; where the server does not take it, the person is told and the page goes on."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError):
            logger.exception("The mail server did not take a message")
            if self.request is not None:
                messages.error(self.request, _("No mail could be sent at the moment. Tell the operator."))
