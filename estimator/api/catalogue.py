"""What the catalogue knows."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from estimator.api.shape import ErrorOut, json_response
from estimator.reference import catalogue

router = Router()

Table = Literal[
    "accelerators", "cpus", "grids", "cloud-regions", "cloud-instances", "models", "levers", "equivalents", "sources"
]


class CatalogueOut(Schema):
    """Rows of one table of the catalogue, best match first."""

    dataset_version: str
    count: int
    items: list[dict[str, Any]]


@router.get(
    "/catalogue/{table}",
    response={200: CatalogueOut, 404: ErrorOut, 422: ErrorOut},
    summary="What we know, with sources",
)
def get_catalogue(
    request: HttpRequest,
    table: Table,
    q: Annotated[str, Query(max_length=120)] = "",
    limit: Annotated[int, Query(ge=1, le=2000)] = 500,
) -> HttpResponse:
    """Rows of one table; `q` searches names and aliases."""
    items = catalogue.rows(table, q=q)
    out = CatalogueOut(dataset_version=catalogue.dataset_version(), count=len(items), items=items[:limit])
    return json_response(out)
