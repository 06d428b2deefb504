"""
What we know, with who published it. The door to the reference data; nothing is read before the first question.

Hardware and places are found by whatever people call them; a name that is unknown or may mean several things is
refused with the nearest ids, never guessed.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from estimator.core.footprint import Source
from estimator.core.inputs import Location
from estimator.reference.hardware import FoundHardware
from estimator.reference.hardware import find_hardware as _find_hardware
from estimator.reference.lever_texts import lever_rows
from estimator.reference.names import Found, search
from estimator.reference.places import Place
from estimator.reference.shelf import Shelf
from estimator.reference.tables import Accelerator, CloudInstance, Cpu, Grid, ModelRow, PublishedRun, Row, SourceRow
from estimator.reference.zones import GridMatch, Spot

DATA_FOLDER: Final = Path(__file__).parent / "data"

#: The tables of the API.
KINDS: Final = (
    "accelerators",
    "cpus",
    "grids",
    "cloud-regions",
    "cloud-instances",
    "models",
    "levers",
    "equivalents",
    "sources",
)

__all__ = [
    "DATA_FOLDER",
    "KINDS",
    "Accelerator",
    "CloudInstance",
    "Cpu",
    "Found",
    "FoundHardware",
    "GridMatch",
    "ModelRow",
    "Place",
    "PublishedRun",
    "Spot",
    "dataset_version",
    "find_accelerator",
    "find_cpu",
    "find_grid",
    "find_hardware",
    "find_model",
    "find_place",
    "published_runs",
    "rows",
    "search_accelerators",
    "search_instances",
    "search_models",
    "search_places",
    "shelf",
    "sources",
    "use_operator_folder",
]

_operator_folder: Path | None = None


@lru_cache(maxsize=1)
def shelf() -> Shelf:
    """The tables that come with the package, and the operator's own where their folder was named."""
    return Shelf(DATA_FOLDER, operator_folder=_operator_folder)


def use_operator_folder(folder: Path | None) -> None:
    """
    Lay the tables of a folder over those of the package, from the next question on.

    Parameters
    ----------
    folder : Path or None
        Where the operator's files lie, if there are any; None for the package's tables alone.
    """
    global _operator_folder
    _operator_folder = folder
    shelf.cache_clear()


def dataset_version() -> str:
    """First twelve digits of the SHA-256 of all tables."""
    return shelf().dataset_version


def sources() -> Mapping[str, Source]:
    """Every source, by id."""
    return shelf().sources


def published_runs() -> tuple[PublishedRun, ...]:
    """Training runs whose energy was published."""
    return shelf().published_runs


def find_accelerator(text: str, *, path: str = "hardware.accelerator") -> Found[Accelerator]:
    """
    The accelerator that a person means.

    Parameters
    ----------
    text : str
        An id, a name or an alias, in any case and punctuation: "A100 80GB", "tpuv3", "8x Tesla V100-SXM2-16GB".
    path : str
        The input that it was typed into.

    Returns
    -------
    Found
        The row and by which of its names it was found.

    Raises
    ------
    InputProblems
        If the name is unknown, with the nearest ids, or ambiguous, with the ids that it may mean.

    Examples
    --------
    >>> find_accelerator("v100").row.id, find_accelerator("rtx4090").row.id
    ('nvidia-v100-sxm2-16gb', 'nvidia-geforce-rtx-4090')
    """
    return shelf().accelerator_names.find(text, path=path)


def find_hardware(text: str, *, path: str = "hardware.accelerator") -> FoundHardware:
    """
    The accelerator, or the cloud instance with its accelerators, that a person means.

    Parameters
    ----------
    text : str
        A name of either, with or without a number: "A100", "8 x A100 80GB", "p4d.24xlarge", "2 x a3-highgpu-8g".
    path : str
        The input that it was typed into.

    Returns
    -------
    FoundHardware
        The accelerator, and how many of them the name stands for.

    Raises
    ------
    InputProblems
        If the name is unknown, with the nearest ids, or may mean several.

    Examples
    --------
    >>> found = find_hardware("2 x p4d.24xlarge")
    >>> found.accelerator.id, found.accelerator_count
    ('nvidia-a100-sxm4-40gb', 16.0)
    """
    return _find_hardware(shelf(), text, path=path)


def find_cpu(text: str, *, path: str = "hardware.cpu") -> Found[Cpu]:
    """The CPU that a person means; refuses as `find_accelerator` does."""
    return shelf().cpu_names.find(text, path=path)


def find_model(text: str, *, path: str = "model.preset") -> Found[ModelRow]:
    """The published model that a person means; refuses as `find_accelerator` does."""
    return shelf().model_names.find(text, path=path)


def find_place(text: str, *, path: str = "location") -> Place:
    """
    The place that a person means, with the `Location` to compute with.

    Parameters
    ----------
    text : str
        A country by name or code, a grid zone, or a cloud region with or without its provider.
    path : str
        The input that it was typed into.

    Returns
    -------
    Place
        The place; its `label` is understood here again.

    Raises
    ------
    InputProblems
        If the place is unknown or may be several, with suggestions.

    Examples
    --------
    >>> find_place("gcp europe-west1").location.region, find_place("FRA").label
    ('europe-west1', 'France')
    """
    return shelf().places.find_place(text, path=path)


def find_grid(location: Location, *, year: int | None = None) -> GridMatch:
    """
    Intensity of the grid at a location.

    Parameters
    ----------
    location : Location
        Region beats zone beats country; an empty one is the world.
    year : int, optional
        The year wanted; by default the newest that the sources prefer.

    Returns
    -------
    GridMatch
        Value, source, year, basis, and how it matched.

    Raises
    ------
    InputProblems
        Everything that is unknown or ambiguous, at once.
    """
    places = shelf().places
    return places.grids.grid(places.locate(location), year=year)


def search_accelerators(q: str, limit: int = 10) -> tuple[Accelerator, ...]:
    """Accelerators whose names hold a text: beginnings first, then whole words, then parts."""
    return search(shelf().searchable["accelerators"], q, limit=limit)


def search_instances(q: str, limit: int = 10) -> tuple[CloudInstance, ...]:
    """Cloud instances whose names hold a text, best first."""
    return search(shelf().searchable["cloud-instances"], q, limit=limit)


def search_cpus(q: str, limit: int = 10) -> tuple[Cpu, ...]:
    """Processors whose names hold a text, best first."""
    return search(shelf().searchable["cpus"], q, limit=limit)


def search_models(q: str, limit: int = 10) -> tuple[ModelRow, ...]:
    """Models whose names hold a text, best first."""
    return search(shelf().searchable["models"], q, limit=limit)


def search_places(q: str, limit: int = 10) -> tuple[Place, ...]:
    """Countries, grid zones and cloud regions whose names hold a text, best first."""
    return shelf().places.search(q, limit=limit)


def rows(kind: str, q: str = "") -> list[dict[str, Any]]:
    """
    Rows of one table as plain data, each with `id`, `name`, `aliases`, its columns and `source_ids`.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    q : str
        What names and aliases must hold; all rows where it is empty.

    Returns
    -------
    list of dict
        Best first.

    Raises
    ------
    ValueError
        If there is no such table.
    """
    if kind not in KINDS:
        raise ValueError(f"no table {kind!r}; there are {', '.join(KINDS)}")
    if kind == "levers":
        return lever_rows(shelf(), q)
    if kind in ("grids", "cloud-regions"):
        return _place_rows(kind, q)
    return [_plain(row) for row in search(shelf().searchable[kind], q)]


def _place_rows(kind: str, q: str) -> list[dict[str, Any]]:
    found = shelf().places.search(q)
    if kind == "cloud-regions":
        return [_plain(place.region, name=place.label) for place in found if place.region is not None]
    return [_zone(place.zone) for place in found if place.region is None and place.zone is not None]


def _zone(row: Grid) -> dict[str, Any]:
    places = shelf().places
    history = [
        other.model_dump(
            mode="json", include={"year", "grid_intensity_gco2e_per_kwh", "basis", "signal", "method", "source_ids"}
        )
        for other in places.grids.series(row.zone)
        if other is not row
    ]
    return _plain(row, id=row.zone, aliases=list(places.aliases.get(row.zone, ())), history=history)


def _plain(row: Row | SourceRow, **more: Any) -> dict[str, Any]:
    columns = row.model_dump(mode="json")
    name = columns.get("name") or columns.get("label") or columns.get("title")
    return {"id": None, "name": name, "aliases": [], "source_ids": [columns.get("id")], **columns, **more}
