"""
Who calls: by a personal token (`Authorization: Bearer`), by the session of a page, or nobody.

A token that does not work is refused everywhere, also where nobody need sign in: its owner should learn of it.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from ninja.utils import check_csrf

from estimator import access
from estimator.api.shape import ApiError, ErrorOut
from estimator.models import ApiToken
from estimator.services.tokens import token_in_use

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CHALLENGE: Final = 'Bearer realm="wattprint"'
_SCHEME: Final = {"type": "http", "scheme": "bearer", "description": "A token of your account: Account, API tokens."}
#: Of the whole API, for its documentation: a call may come with a token, and may come with none.
SECURITY_SCHEMES: Final[dict[str, Any]] = {"AccountToken": _SCHEME}
SECURITY: Final[list[dict[str, Any]]] = [{}, {"AccountToken": []}]
#: What calls that need an account may answer.
SIGNED_IN_ERRORS: Final = dict.fromkeys((401, 403), ErrorOut)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and by what."""

    user: User | None = None
    token: ApiToken | None = None
    #: A session that came with an unsafe call and without a CSRF token: perhaps a page of somebody else sent it.
    is_doubtful: bool = False


class TokenOrSession:
    """What ninja asks before each call; everybody may go on, but not with a token that does not work."""

    def __call__(self, request: HttpRequest) -> Caller:
        """Say who calls."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            row = token_in_use(token=token.strip(), now=timezone.now())
            if row is None:
                raise ApiError(
                    401,
                    "invalid_token",
                    "This token is unknown, expired or revoked; make a new one under Account, API tokens.",
                    headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'},
                )
            return Caller(row.owner, row)
        user = access.account_of(request)
        is_doubtful = user is not None and request.method not in _SAFE and check_csrf(request) is not None
        return Caller(None if is_doubtful else user, is_doubtful=is_doubtful)


def caller_of(request: HttpRequest) -> Caller:
    """Who calls, as it was found out before the call."""
    found: Any = getattr(request, "auth", None)
    return found if isinstance(found, Caller) else Caller()


def optional_user(request: HttpRequest, scope: str) -> User | None:
    """
    The account that calls; None for nobody, and for a session without CSRF token.

    Raises
    ------
    ApiError
        403 if a token was made without `scope`.
    """
    caller = caller_of(request)
    if caller.token is not None and scope not in caller.token.scopes:
        raise ApiError(
            403,
            "missing_scope",
            f"This token was made without the scope {scope!r}; make one with it.",
            headers={"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'},
        )
    return caller.user


def require_user(request: HttpRequest, scope: str) -> User:
    """
    The account that calls.

    Raises
    ------
    ApiError
        401 if nobody does; 403 if a token was made without `scope`, or a session came without CSRF token.
    """
    user = optional_user(request, scope)
    if user is None and caller_of(request).is_doubtful:
        raise ApiError(403, "csrf_failed", "A call by session needs the page's CSRF token, as X-CSRFToken.")
    if user is None:
        raise ApiError(
            401,
            "not_signed_in",
            "This call is for accounts: send Authorization: Bearer with a token of yours.",
            headers={"WWW-Authenticate": _CHALLENGE},
        )
    return user


class AccountToken(TokenOrSession):
    """
    Given as `auth` of a call, or of a router: only an account may call, within the scope.

    It is asked before the body is read, so that nobody learns from its errors what the call would take.
    """

    openapi_security_schema: Final = _SCHEME

    def __init__(self, scope: str) -> None:
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Caller:
        """Say who calls; refuse nobody, and tokens without the scope."""
        request.auth = super().__call__(request)  # type: ignore[attr-defined]
        require_user(request, self.scope)
        caller: Caller = request.auth  # type: ignore[attr-defined]
        return caller
