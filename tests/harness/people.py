"""The standing people of the tests: an owner, a stranger, a member of staff, and somebody who is not signed in."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client


class Person:
    """An account, a browser that is signed in to it, and its tokens."""

    def __init__(self, name: str, *, is_staff: bool = False) -> None:
        from django.contrib.auth.models import User

        address = f"{name}@example.org"
        self.user: User = User.objects.create(username=address, email=address, is_staff=is_staff, password="x")

    @cached_property
    def client(self) -> Client:
        """A browser that is signed in."""
        from django.test import Client

        client = Client()
        client.force_login(self.user)
        return client

    def token(self, *scopes: str) -> str:
        """A new token of the account, of all scopes where none is named."""
        from estimator.models import TokenScope
        from estimator.services.tokens import create_token

        return create_token(owner=self.user, name="of a test", scopes=scopes or TokenScope.values, lifetime=None).token

    def bearer(self, *scopes: str) -> dict[str, str]:
        """The header of a call by token."""
        return {"Authorization": f"Bearer {self.token(*scopes)}"}


class People:
    """Everybody, made when first named."""

    @cached_property
    def owner(self) -> Person:
        """Whose it is."""
        return Person("owner")

    @cached_property
    def stranger(self) -> Person:
        """Somebody else."""
        return Person("stranger")

    @cached_property
    def staff(self) -> Person:
        """Somebody who helps the operator, and owns nothing of others."""
        return Person("staff", is_staff=True)

    @cached_property
    def nobody(self) -> Client:
        """A browser that is not signed in."""
        from django.test import Client

        return Client()
