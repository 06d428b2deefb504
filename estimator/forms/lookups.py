"""Between what people type and the catalogue: names to ids and back, and the suggestions while they type."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from estimator.core.inputs import InputProblem, InputProblems, Location
from estimator.forms import numbers
from estimator.reference import catalogue
from estimator.reference.hardware import split_multiple
from estimator.reference.names import fold
from estimator.reference.providers import PROVIDER_NAMES

_BASES: Final = {"life_cycle": gettext_noop("life-cycle"), "direct": gettext_noop("at the plant only")}


@dataclass(frozen=True, slots=True)
class Option:
    """One suggestion: what goes into the box, and what is said about it."""

    text: str
    detail: str
    parameters: str = ""  #: goes into the box beside it


# --- names to ids, and back -------------------------------------------------------------------------------------------


def accelerator_id(text: str) -> str | None:
    """The hardware that is meant, by its id; None where none is, or more than one."""
    try:
        return catalogue.find_hardware(text).text if text.strip() else None
    except InputProblems:
        return None


def accelerator_name(text: str) -> str:
    """What people call an accelerator or an instance, from its id; what is unknown stays as it is."""
    try:
        return catalogue.find_hardware(text).label if text else ""
    except InputProblems:
        return text


def cpu_name(text: str) -> str:
    """What people call a processor, from its id; what is unknown stays as it is."""
    try:
        return catalogue.find_cpu(text).row.name if text else ""
    except InputProblems:
        return text


def model_id(text: str) -> str | None:
    """The id of a published model, where the text is its name to the letter: a title alone never claims one."""
    try:
        row = catalogue.find_model(text).row if text.strip() else None
    except InputProblems:
        return None
    return row.id if row is not None and fold(text) in {fold(row.name), fold(row.id)} else None


def location_of(text: str) -> Location:
    """
    The location that is meant; an empty text is anywhere.

    Raises
    ------
    InputProblems
        If the place is unknown, or may be several.
    """
    return catalogue.find_place(text).location if text.strip() else Location()


def place_text(location: Location) -> str:
    """A location in words that `location_of` understands."""
    text = " ".join(filter(None, (location.provider, location.region))) or location.zone or location.country or ""
    try:
        return catalogue.find_place(text).label if text else ""
    except InputProblems:
        return text


def readable_names(problem: InputProblem) -> InputProblem:
    """A problem with an accelerator or a processor that offers names instead of ids."""
    name = {"hardware.accelerator": accelerator_name, "hardware.cpu": cpu_name}.get(problem.path)
    if name is None or not problem.suggestions:
        return problem
    named = tuple(name(suggestion) for suggestion in problem.suggestions)
    return InputProblem(
        path=problem.path,
        message=problem.message,
        text_params=problem.text_params,
        suggestions=named,
    )


# --- suggestions while typing -----------------------------------------------------------------------------------------


def _hardware(q: str, limit: int) -> list[Option]:
    """Accelerators and cloud instances; what begins as it is typed comes first, and neither hides the other."""
    multiple_count, name = split_multiple(q)
    boards, instances = _accelerators(name, limit), _instances(name, limit, multiple_count)
    typed = fold(name)
    if instances and any(fold(option.text.rpartition("× ")[2]).removeprefix("standard").startswith(typed)
                         for option in instances):  # fmt: skip
        return [*instances[: limit - min(len(boards), 4)], *boards][:limit]
    return [*boards[: limit - min(len(instances), 4)], *instances][:limit]


def _instances(q: str, limit: int, multiple_count: int | None) -> list[Option]:
    if not q.strip():
        return []
    named = catalogue.shelf().accelerator_names
    times = f"{multiple_count} × " if multiple_count is not None else ""
    return [
        Option(
            times + row.name,
            f"{row.accelerator_count:g} × {named.find(row.accelerator, path='').row.name} · "
            f"{PROVIDER_NAMES[row.provider]}",
        )
        for row in catalogue.search_instances(q, limit)
    ]


def _accelerators(q: str, limit: int) -> list[Option]:
    return [
        Option(
            row.name,
            " · ".join(
                filter(
                    None,
                    (
                        _plainly(row.tdp_w or row.estimated_power_w, "W"),
                        _plainly(row.memory_gb, "GB"),
                        str(row.year),
                    ),
                )
            ),
        )
        for row in catalogue.search_accelerators(q, limit)[:limit]
    ]


def _cpus(q: str, limit: int) -> list[Option]:
    if not q.strip():
        return []
    return [
        Option(
            row.name,
            " · ".join(
                filter(
                    None,
                    (
                        _("%(count)s cores") % {"count": row.core_count} if row.core_count else "",
                        _plainly(row.tdp_w, "W"),
                        str(row.year or ""),
                    ),
                )
            ),
        )
        for row in catalogue.search_cpus(q, limit)[:limit]
    ]


def _models(q: str, limit: int) -> list[Option]:
    if not q.strip():
        return []
    options = []
    for row in catalogue.search_models(q, limit)[:limit]:
        size = numbers.count_text(row.parameters_count) if row.parameters_count else ""
        said = _("%(size)s parameters") % {"size": size} if size else ""
        if row.size_basis == "assumed":
            said = _("%(size)s parameters, assumed") % {"size": size}
        options.append(Option(row.name, " · ".join(filter(None, (said, row.organisation, str(row.year)))), size))
    return options


def _places(q: str, limit: int) -> list[Option]:
    if not q.strip():
        return []
    options = []
    for place in catalogue.search_places(q, limit)[:limit]:
        try:
            found = catalogue.find_grid(place.location)
        except InputProblems:
            continue
        intensity = _plainly(round(found.grid_intensity_gco2e_per_kwh), "gCO₂e/kWh")
        options.append(Option(place.label, " · ".join((intensity, str(found.year), _(_BASES[found.basis])))))
    return options


def _plainly(value: float | None, unit: str) -> str:
    return f"{value:g} {unit}" if value is not None else ""


SEARCHES: Final[dict[str, Callable[[str, int], list[Option]]]] = {
    "accelerator": _hardware,
    "cpu": _cpus,
    "model": _models,
    "place": _places,
}
#: Fields whose problems come with suggestions.
SUGGESTED: Final = ("accelerator", "cpu", "place", "title")


def hint(kind: str) -> str:
    """What to do where a search finds nothing."""
    return {
        "accelerator": _("Give its measured draw in the Expert part instead."),
        "cpu": _("Give the mean draw of all CPUs instead."),
        "model": _("Any name will do: it is only for the report."),
        "place": _("Try the country, or leave it empty for the world average."),
    }[kind]


# --- what it all stands on --------------------------------------------------------------------------------------------


@cache
def rows_count(kind: str) -> int:
    """How many rows a table of the catalogue has."""
    return len(catalogue.rows(kind))
