"""A secret that is made by a form and shown once, on the page that follows: F5 there makes none, and shows none."""

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

#: Long enough for a slow line to bring the next page. [s]
LASTS_S: Final = 120
_NAME: Final = "shown-once"


def hand_over(response: HttpResponse, secret: str, *, path: str) -> HttpResponse:
    """
    Let the next page show a secret.

    It waits in the browser, signed, out of reach of scripts, and for that page alone: here it is written down nowhere,
    as what is stored of it is its digest.

    Parameters
    ----------
    response : HttpResponse
        The redirect to that page.
    secret : str
        What it shows.
    path : str
        Where that page is.
    """
    response.set_signed_cookie(
        _NAME,
        secret,
        salt=path,
        max_age=LASTS_S,
        path=path,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Strict",
    )
    return response


def handed_over(request: HttpRequest) -> str:
    """The secret that this page shows; empty where there is none."""
    if request.method != "GET":
        return ""
    return str(request.get_signed_cookie(_NAME, default="", salt=request.path, max_age=LASTS_S))


def forget(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Take it away with the page that shows it."""
    if request.method == "GET" and _NAME in request.COOKIES:
        response.delete_cookie(_NAME, path=request.path, samesite="Strict")
    return response
