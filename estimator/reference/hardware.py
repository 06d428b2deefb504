"""Hardware as people name it: an accelerator, or a cloud instance that stands for several; "8 x" before it counts."""

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Final

from estimator.core.footprint import Assumption, Warning, gettext_noop
from estimator.core.inputs import InputProblems, Workload
from estimator.reference.names import (
    ACCELERATOR_WORDING,
    INSTANCE_WORDING,
    MOST_SUGGESTIONS,
    NamedBy,
    fold,
    problem,
)
from estimator.reference.providers import PROVIDER_ALIASES, PROVIDER_NAMES, split_provider
from estimator.reference.shelf import Shelf
from estimator.reference.tables import Accelerator, CloudInstance

_TIMES_FIRST = re.compile(r"^\s*(\d{1,7})\s*[x×*]\s*(?=\S)", re.IGNORECASE)
_TIMES_LAST = re.compile(r"(?<=\S)(?:\s+x|\s*[×*])\s*(\d{1,7})\s*$", re.IGNORECASE)
_NUMBER_FIRST = re.compile(r"^\s*(\d{1,7})\s+(?=\S)")

_OF_INSTANCES: Final = gettext_noop("%(instances)s × %(instance)s, with %(each)s × %(accelerator)s in each.")
_OF_NAME: Final = gettext_noop("From the name of the hardware, “%(text)s”.")
_NOT_WHOLE: Final = gettext_noop(
    "%(count)s is counted as accelerators, and %(instance)s has %(each)s of them, so this is no whole number of "
    "instances. For %(count)s instances give %(product)s, or leave the number empty and write “%(count)s x "
    "%(instance)s”."
)
_TWO_COUNTS: Final = gettext_noop(
    "“%(text)s” means %(named)s accelerators, but %(count)s are given: %(count)s is used. Correct one of the two."
)
_ELSEWHERE: Final = gettext_noop(
    "%(instance)s is an instance of %(provider)s, but the place given is one of %(other)s. The place is used; correct "
    "one of the two."
)


@dataclass(frozen=True, slots=True)
class FoundHardware:
    """What a name of hardware stands for."""

    accelerator: Accelerator
    named_by: NamedBy
    instance: CloudInstance | None = None  #: None where the accelerator itself was named
    multiple_count: int | None = None  #: the number before the name

    @property
    def text(self) -> str:
        """The same hardware by its id, which is found again."""
        id_ = (self.instance or self.accelerator).id
        return f"{self.multiple_count} x {id_}" if self.multiple_count is not None else id_

    @property
    def label(self) -> str:
        """The same hardware for people, which is found again."""
        name = (self.instance or self.accelerator).name
        return f"{self.multiple_count} × {name}" if self.multiple_count is not None else name

    @property
    def accelerator_count(self) -> float | None:
        """Accelerators that the name stands for; None where it says nothing about their number."""
        if self.instance is None:
            return self.multiple_count
        return self.instance.accelerator_count * (self.multiple_count or 1)


def find_hardware(shelf: Shelf, text: str, *, path: str = "hardware.accelerator") -> FoundHardware:
    """
    The accelerator or the cloud instance that a person means.

    Parameters
    ----------
    shelf : Shelf
        The reference data.
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
    """
    exact = _exact(shelf, text)
    if exact is not None:
        return exact
    multiple_count, name = split_multiple(text)
    found = _any(shelf, name)
    if found is not None:
        return replace(found, multiple_count=multiple_count)
    counted = _NUMBER_FIRST.match(text)
    if counted and int(counted[1]) and (found := _any(shelf, text[counted.end() :])) is not None:
        return replace(found, multiple_count=int(counted[1]))
    raise _problem(shelf, name, text, path)


def split_multiple(text: str) -> tuple[int | None, str]:
    """Take the number off "8 x A100", "8×A100" and "p4d.24xlarge * 8"."""
    for pattern in (_TIMES_FIRST, _TIMES_LAST):
        found = pattern.search(text)
        if found and int(found[1]):
            return int(found[1]), text[: found.start()] + text[found.end() :]
    return None, text


def _exact(shelf: Shelf, text: str) -> FoundHardware | None:
    if accelerator := shelf.accelerator_names.exact(text):
        return FoundHardware(accelerator.row, accelerator.named_by)
    if instance := shelf.instance_names.exact(text):
        return _of_instance(shelf, instance.row, instance.named_by)
    return None


def _any(shelf: Shelf, text: str) -> FoundHardware | None:
    exact = _exact(shelf, text)
    if exact is not None or shelf.accelerator_names.meanings(text) or shelf.instance_names.meanings(text):
        return exact
    if accelerator := shelf.accelerator_names.get(text):
        return FoundHardware(accelerator.row, accelerator.named_by)
    if instance := shelf.instance_names.get(text):
        return _of_instance(shelf, instance.row, instance.named_by)
    return None


def _of_instance(shelf: Shelf, row: CloudInstance, named_by: NamedBy) -> FoundHardware:
    return FoundHardware(shelf.accelerator_names.find(row.accelerator, path="").row, named_by, row)


def _problem(shelf: Shelf, name: str, text: str, path: str) -> InputProblems:
    if several := shelf.accelerator_names.meanings(name):
        return problem(path, ACCELERATOR_WORDING.ambiguous, text, several)
    if several := shelf.instance_names.meanings(name):
        return problem(path, INSTANCE_WORDING.ambiguous, text, several)
    near_boards, near_instances = shelf.accelerator_names.near(name), shelf.instance_names.near(name)
    rows = (shelf.instance_names.find(id_, path=path).row for id_ in near_instances)
    spellings = [spelling for row in rows for spelling in (fold(row.name), fold(row.name.removeprefix("Standard_")))]
    if get_close_matches(fold(name), spellings, n=1, cutoff=0.8):
        near = (*near_instances, *near_boards)[:MOST_SUGGESTIONS]
        return problem(path, INSTANCE_WORDING.near, text, near)
    return problem(path, ACCELERATOR_WORDING.near if near_boards else ACCELERATOR_WORDING.unknown, text, near_boards)


# --- what a name says about a run ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expansion:
    """A run with its hardware spelt out, and what a reader should know about it."""

    workload: Workload
    warnings: tuple[Warning, ...] = ()
    count_note: str = ""  #: English template; empty where the count was given or none is known
    count_source_ids: tuple[str, ...] = ()
    text_params: dict[str, Any] = field(default_factory=dict)

    def noted(self, assumption: Assumption) -> Assumption:
        """The count of accelerators as one that was looked up, where it comes from the name; any other as it is."""
        if assumption.name != "accelerator_count" or not self.count_note:
            return assumption
        return assumption.model_copy(
            update={
                "status": "looked_up" if self.count_source_ids else "given",
                "match": "exact" if self.count_source_ids else None,
                "source_ids": self.count_source_ids,
                "note": self.count_note,
                "text_params": self.text_params,
            }
        )


def expanded(workload: Workload, shelf: Shelf) -> Expansion:
    """
    The run with the accelerator in the place of the instance, and the count that its name stands for.

    A count that is given stays what it is everywhere else, a number of accelerators: where it is no whole number of
    instances, a warning says so. How many accelerators serve one copy of a model is told by its memory, not by the
    size of the instance. An instance also tells its provider, where no other is given.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it. A name that is unknown is left for the look-up to refuse.
    shelf : Shelf
        The reference data.

    Returns
    -------
    Expansion
        The run that the rest of the look-up sees.
    """
    text = workload.hardware.accelerator
    if text is None:
        return Expansion(workload)
    try:
        found = find_hardware(shelf, text)
    except InputProblems:
        return Expansion(workload)
    if found.instance is None and found.multiple_count is None:
        return Expansion(workload)
    hardware: dict[str, Any] = {"accelerator": found.accelerator.id}
    location: dict[str, Any] = {}
    expansion = Expansion(workload)
    named_count = None if _is_served(workload) and found.multiple_count is None else found.accelerator_count
    if workload.hardware.accelerator_count is None and workload.accelerator_hours is None and named_count is not None:
        # Half a board cannot be typed, but clouds sell it: the count of the workload itself stays whole.
        hardware["accelerator_count"] = int(named_count) if named_count == int(named_count) else named_count
        expansion = _counted(workload, found, text)
    if found.instance is not None and workload.location.provider is None and workload.location.region is None:
        location["provider"] = found.instance.provider
    return replace(
        expansion,
        workload=workload.model_copy(
            update={
                "hardware": workload.hardware.model_copy(update=hardware),
                "location": workload.location.model_copy(update=location),
            }
        ),
        warnings=tuple(filter(None, (_count_warning(workload, found, text), _place_warning(workload, found.instance)))),
    )


def _is_served(workload: Workload) -> bool:
    asked = any(value is not None for _, value in workload.inference)
    return workload.method == "inference_tokens" or (
        workload.method == "auto" and workload.activity == "inference" and asked
    )


def _counted(workload: Workload, found: FoundHardware, text: str) -> Expansion:
    if found.instance is None:
        return Expansion(workload, count_note=_OF_NAME, text_params={"text": text})
    return Expansion(
        workload,
        count_note=_OF_INSTANCES,
        count_source_ids=found.instance.source_ids,
        text_params={
            "instances": found.multiple_count or 1,
            "instance": found.instance.name,
            "each": f"{found.instance.accelerator_count:g}",
            "accelerator": found.accelerator.name,
        },
    )


def _count_warning(workload: Workload, found: FoundHardware, text: str) -> Warning | None:
    count, named_count = workload.hardware.accelerator_count, found.accelerator_count
    if count is None or named_count is None:
        return None
    if found.multiple_count is not None and count != named_count:
        return Warning(
            code="accelerator_counts_differ",
            message=_TWO_COUNTS,
            field="hardware.accelerator_count",
            text_params={"text": text, "named": f"{named_count:g}", "count": count},
        )
    if found.instance is not None and count % found.instance.accelerator_count:
        each = found.instance.accelerator_count
        return Warning(
            code="no_whole_instances",
            message=_NOT_WHOLE,
            field="hardware.accelerator_count",
            text_params={
                "count": count,
                "instance": found.instance.name,
                "each": f"{each:g}",
                "product": f"{count * each:g}",
            },
        )
    return None


def _place_warning(workload: Workload, instance: CloudInstance | None) -> Warning | None:
    location = workload.location
    if instance is None:
        return None
    other = PROVIDER_ALIASES.get(fold(location.provider)) if location.provider else None
    if other is None and location.region is not None:
        other = split_provider(location.region)[0]
    if other is None or other == instance.provider:
        return None
    return Warning(
        code="instance_elsewhere",
        message=_ELSEWHERE,
        field="hardware.accelerator",
        text_params={
            "instance": instance.name,
            "provider": PROVIDER_NAMES[instance.provider],
            "other": PROVIDER_NAMES[other],
        },
    )
