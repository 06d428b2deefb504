"""What is not shown any more: one page for all that follows an estimate."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from estimator.access import Withdrawn


class WithdrawnMiddleware:
    """Answers 410 where a page asked for what is withdrawn; the API has its own shape."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Go on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page that says so."""
        return withdrawn_page(request) if isinstance(exception, Withdrawn) else None


def withdrawn_page(request: HttpRequest) -> HttpResponse:
    """It was here, and is not shown any more."""
    response = render(request, "410.html", status=410)
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response
