"""Whose data this is: every source with what is shipped of it, and what each licence asks for."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from pydantic import BaseModel

from estimator.reference import catalogue
from estimator.reference.published import predicted_serving, predicted_training, published_cases

#: Rows -> their table, for people.
TABLE_LABELS: Final = {
    "Accelerator": gettext_noop("accelerators"),
    "CalibrationRow": gettext_noop("serving of models, fitted"),
    "CloudInstance": gettext_noop("cloud instances"),
    "CloudPrice": gettext_noop("cloud prices"),
    "CloudRegion": gettext_noop("cloud regions"),
    "CountryWithoutFactor": gettext_noop("countries"),
    "Cpu": gettext_noop("CPUs"),
    "Default": gettext_noop("assumed values"),
    "EquivalentRow": gettext_noop("equivalents"),
    "Grid": gettext_noop("grids"),
    "LeverRow": gettext_noop("evidence of levers"),
    "MfuRow": gettext_noop("utilisation in training, fitted"),
    "ModelRow": gettext_noop("models"),
    "PredictedServing": gettext_noop("predictions of served tokens"),
    "PredictedTraining": gettext_noop("predictions of trainings"),
    "PublishedCase": gettext_noop("published cases"),
    "PublishedRun": gettext_noop("published runs"),
    "PueRow": gettext_noop("data centres"),
    "ZoneName": gettext_noop("names of grids"),
}
#: Licence as sources.csv has it -> its name, and where it stands. Names of licences are not translated.
LICENCES: Final = {
    "CC-BY-4.0": ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "OGL-UK-3.0": (
        "Open Government Licence 3.0",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    ),
    "OGL-Canada-2.0": (
        "Open Government Licence – Canada 2.0",
        "https://open.canada.ca/en/open-government-licence-canada",
    ),
    "Apache-2.0": ("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
    "MIT": ("MIT", "https://opensource.org/license/mit"),
    "MPL-2.0": ("MPL-2.0", "https://www.mozilla.org/MPL/2.0/"),
    "US public domain": ("US public domain", ""),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One source, and what is shipped of it."""

    id: str
    title: str
    publisher: str
    year: int | None
    url: str
    licence: str
    licence_url: str
    note: str
    uses: tuple[str, ...]  #: "grids: 1,352 rows"; none where only formulas or live values cite it


@dataclass(frozen=True, slots=True)
class Group:
    """What comes under one licence."""

    licence: str
    url: str
    sources: tuple[Listed, ...]


def listed_sources() -> list[Listed]:
    """Every source, in alphabetical order of its title."""
    used = _rows_by_source()
    listed = []
    for row in catalogue.shelf().source_rows:
        name, url = LICENCES.get(row.licence, (row.licence, ""))
        uses = sorted((_(TABLE_LABELS[table]), count) for table, count in used.get(row.id, Counter()).items())
        listed.append(
            Listed(
                id=row.id,
                title=row.title,
                publisher=row.publisher,
                year=row.year,
                url=row.url,
                licence=name,
                licence_url=url,
                note=row.note,
                uses=tuple(_use(table, count) for table, count in uses),
            )
        )
    return sorted(listed, key=lambda one: one.title.casefold())


def licence_groups(listed: list[Listed]) -> list[Group]:
    """What comes under a licence of its own, the largest group first; plain facts come under none."""
    groups = [Group(name, url, tuple(one for one in listed if one.licence == name)) for name, url in LICENCES.values()]
    return sorted((group for group in groups if group.sources), key=lambda group: -len(group.sources))


def _use(table: str, count: int) -> str:
    rows = ngettext("%(count)s row", "%(count)s rows", count) % {"count": number_format(count, force_grouping=True)}
    return f"{table}: {rows}"


@cache
def _rows_by_source() -> dict[str, Counter[str]]:
    """Source -> table -> how many of its rows cite it."""
    used: dict[str, Counter[str]] = {}
    rows: tuple[BaseModel, ...] = (
        *catalogue.shelf().read_all(),
        *published_cases(),
        *predicted_training(),
        *predicted_serving(),
    )
    for row in rows:
        cited = {id_ for name in type(row).model_fields if name.endswith("source_ids") for id_ in getattr(row, name)}
        for source_id in cited:
            used.setdefault(source_id, Counter())[type(row).__name__] += 1
    return used
