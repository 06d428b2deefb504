"""The API: both routers under /api/v1, one error shape, a documentation page that needs no network."""

import json
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from estimator.access import Withdrawn
from estimator.api import ROUTERS as ESTIMATOR_ROUTERS
from estimator.api import ApiError, invalid_input
from estimator.api.auth import SECURITY, SECURITY_SCHEMES, TokenOrSession
from estimator.api.shape import NOT_JSON, json_of
from estimator.core import ENGINE_VERSION
from estimator.core.inputs import InputProblems
from estimator.core.problems import problems_of
from reports.api import ROUTERS as REPORTS_ROUTERS

PREFIX: Final = "/api/v1/"
#: What takes a file, as a form in parts.
FILE_PATHS: Final = frozenset({f"{PREFIX}imports"})

_MESSAGES: Final = {
    400: ("bad_request", "The request could not be read."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not answer to this method."),
    410: ("withdrawn", "Whoever made this estimate does not show it any more."),
    413: ("too_large", "The body is larger than 256 kB."),
    415: ("unsupported_media_type", "Send JSON, with Content-Type: application/json."),
}


def _plain_error(status: int) -> ApiError:
    code, message = _MESSAGES.get(status, ("internal_error", "Something went wrong on our side; the log says what."))
    return ApiError(status, code, message)


class JsonParser(Parser):
    """orjson: faster than the standard library, and it refuses NaN and infinity as JSON demands."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body as Python values."""
        try:
            return json_of(request.body)
        except orjson.JSONDecodeError:
            # orjson also refuses numbers that a float cannot hold. They are JSON: their field is at fault.
            return json.loads(request.body.decode(), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class Api(NinjaAPI):
    """The API, whose documentation says that calls may come with a token, and need none where nothing else is said."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The documentation, with the ways to say who calls."""
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        return self._described(prefix, get_language())

    @lru_cache(maxsize=8)  # noqa: B019  (there is one API, and it lives as long as its process)
    def _described(self, path_prefix: str, language: str | None) -> OpenAPISchema:
        """Made once: anybody may ask for it, and it takes half a second."""
        schema = super().get_openapi_schema(path_prefix=path_prefix)
        schema["components"]["securitySchemes"] = SECURITY_SCHEMES
        schema["security"] = SECURITY
        return schema


api = Api(
    title="Wattprint",
    version=ENGINE_VERSION,
    description="The carbon footprint of training and running AI models: each number with its formula, inputs, source "
    "and range. Numbers carry their unit in their name. Errors have one shape everywhere.",
    urls_namespace="api",
    auth=TokenOrSession(),
    openapi_url="/openapi.json",
    docs_url=None,
    parser=JsonParser(),
)
for _tag, _routers in (("estimates", ESTIMATOR_ROUTERS), ("reports", REPORTS_ROUTERS)):
    for _router in _routers:
        api.add_router("", _router, tags=[_tag])


@api.exception_handler(ApiError)
def _on_api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
    return error.response()


@api.exception_handler(InputProblems)
def _on_input_problems(request: HttpRequest, error: InputProblems) -> HttpResponse:
    return invalid_input(error.problems).response()


@api.exception_handler(ValidationError)
def _on_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [dict(item) for item in error.errors]
    if any(tuple(item["loc"]) == ("body", "payload") and item["type"] == "missing" for item in errors):
        return ApiError(400, "not_json", "The body is empty; send a JSON object.").response()
    for item in errors:
        # The body's own path starts after ("body", its parameter's name); a query or header field after its kind.
        item["loc"] = item["loc"][2:] if item["loc"][:1] == ("body",) else item["loc"][1:]
    return invalid_input(problems_of(errors)).response()


@api.exception_handler(HttpError)
def _on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return ApiError(400, "not_json", NOT_JSON).response()
    return _plain_error(error.status_code).response()


@api.exception_handler(Withdrawn)
def _on_withdrawn(request: HttpRequest, error: Withdrawn) -> HttpResponse:
    return _plain_error(410).response()


@api.exception_handler(Http404)
def _on_404(request: HttpRequest, error: Http404) -> HttpResponse:
    return _plain_error(404).response()


@api.exception_handler(RequestDataTooBig)
def _on_too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return _plain_error(413).response()


@api.exception_handler(UnreadablePostError)
def _on_cut_off(request: HttpRequest, error: UnreadablePostError) -> HttpResponse:
    return _plain_error(400).response()


class ErrorShapeMiddleware:
    """Whatever fails under /api/v1, inside or outside the routers, answers in the one shape and never with a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Refuse bodies that do not say that they are JSON; shape every error that is not shaped yet."""
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        has_body = request.headers.get("Content-Length", "0") not in {"", "0"} or "Transfer-Encoding" in request.headers
        takes_file = request.path in FILE_PATHS and request.content_type == "multipart/form-data"
        if request.method == "POST" and has_body and request.content_type != "application/json" and not takes_file:
            return _plain_error(415).response()
        response = self.get_response(request)
        if response.status_code >= 400 and not response.get("Content-Type", "").startswith("application/json"):
            shaped = _plain_error(response.status_code).response()
            if "Allow" in response:
                shaped["Allow"] = response["Allow"]
            return shaped
        return response


def docs(request: HttpRequest) -> HttpResponse:
    """The page to read and try the API, with scripts of our own server only."""
    settings = {"url": reverse("api:openapi-json"), "layout": "BaseLayout", "deepLinking": True, "validatorUrl": None}
    settings["defaultModelsExpandDepth"] = 0  # the schemas stay folded until somebody asks
    base_url = request.build_absolute_uri("/").rstrip("/")
    return render(request, "api_docs.html", {"swagger_settings": settings, "base_url": base_url})
