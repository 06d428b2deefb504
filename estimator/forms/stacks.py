"""A stack of levers as text: in an address that another page leads to, or in a hidden field of the form."""

import json
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext_noop
from pydantic import ValidationError as LeversError

from estimator.core.inputs import InputProblem, InputProblems
from estimator.core.levers.settings import Lever
from estimator.core.problems import problems_of
from estimator.core.scenarios import levers_of

#: Far more than twenty levers by hand, and less than an upload.
LONGEST_STACK: Final = 16_000
_UNREADABLE: Final = gettext_noop("The levers in the address cannot be read. Choose them below.")


def as_json(levers: Iterable[Lever]) -> str:
    """Levers as an address or a hidden field holds them."""
    return json.dumps([lever.model_dump(mode="json", exclude_defaults=True) for lever in levers], separators=(",", ":"))


def from_json(text: str) -> tuple[Lever, ...]:
    """
    Levers from an address or a hidden field.

    Raises
    ------
    InputProblems
        If the text holds no levers.
    """
    if not text:
        return ()
    if len(text) > LONGEST_STACK:
        raise InputProblems((InputProblem("levers", _UNREADABLE),))
    try:
        return levers_of(json.loads(text))
    except LeversError as error:
        raise InputProblems(problems_of(error.errors(include_url=False))) from error
    except (ValueError, RecursionError) as error:
        raise InputProblems((InputProblem("levers", _UNREADABLE),)) from error
