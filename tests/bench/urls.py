"""The site's addresses and one view that only reads JSON and gives JSON: what this server costs without any work."""

import json

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from config.urls import urlpatterns as site


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    """Read the body, answer with one of its fields."""
    return JsonResponse({"title": json.loads(request.body).get("title")})


urlpatterns = [path("bare", bare), *site]
