"""Keep the tables that estimates are computed with, and open them again."""

from functools import cache, lru_cache
from typing import Final

from django.conf import settings
from django.utils import timezone

from estimator.models import Dataset
from estimator.reference import catalogue
from estimator.reference.kept import packed, unpacked
from estimator.reference.shelf import Shelf

FOLDER_NAME: Final = "datasets"


class DatasetUnknown(Exception):
    """No estimate was ever computed with this version here, so its tables were not kept."""


def keep_dataset() -> None:
    """Keep the present tables, once a version; their archive is made only where it is missing."""
    _keep(catalogue.dataset_version())


@cache
def _keep(version: str) -> None:
    if not Dataset.objects.filter(pk=version).exists():
        archive = packed(catalogue.shelf())
        Dataset.objects.get_or_create(pk=version, defaults={"archive": archive, "kept_at": timezone.now()})


def shelf_of(*, version: str) -> Shelf:
    """
    The tables of a version.

    Raises
    ------
    DatasetUnknown
        If they were never kept here.
    """
    return catalogue.shelf() if version == catalogue.dataset_version() else _opened(version)


@lru_cache(maxsize=3)
def _opened(version: str) -> Shelf:
    row = Dataset.objects.filter(pk=version).first()
    if row is None:
        raise DatasetUnknown(version)
    return unpacked(bytes(row.archive), version=version, folder=settings.DATA_DIR / FOLDER_NAME)
