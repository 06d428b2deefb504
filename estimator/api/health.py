"""Whether the site works."""

from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from estimator import services
from estimator.api.shape import json_response

router = Router()


class HealthOut(Schema):
    """What works at this moment."""

    status: Literal["ok", "degraded"]
    database: Literal["ok", "unreachable"]
    broker: Literal["ok", "unreachable"]
    workers_count: int
    queues: list[str]


@router.get("/health", response={200: HealthOut, 503: HealthOut}, summary="What works at this moment")
def get_health(request: HttpRequest) -> HttpResponse:
    """200 when database, broker and at least one worker answer; 503 when one does not."""
    health = services.site_health()
    out = HealthOut(
        status="ok" if health.ok else "degraded",
        database="ok" if health.database else "unreachable",
        broker="ok" if health.broker else "unreachable",
        workers_count=health.workers_count,
        queues=sorted(health.queues),
    )
    return json_response(out, status=200 if health.ok else 503, headers={"Cache-Control": "no-store"})
