"""What every format is and gives: a document, its media type, and what it still lacks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.disclosures.details import DisclosureDetails
    from reports.disclosures.facts import Facts


@dataclass(frozen=True, slots=True)
class Missing:
    """Something without which the rule is not met."""

    field: str  #: of the details that can be asked for, or of the inputs of the run
    why: str  #: English template, for people
    rule: str  #: where it is asked for


@dataclass(frozen=True, slots=True)
class Written:
    """What one format made of a run."""

    content: str
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """One form in which the figures are handed on."""

    name: str  #: in addresses
    title: str  #: English template
    summary: str  #: English template: who asks for it, and what it takes from the run
    media_type: str
    extension: str
    asks: tuple[str, ...]  #: the details that it takes, in the order in which they are asked for
    write: "Callable[[Facts, DisclosureDetails], Written]"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A finished document."""

    format: Format
    content: str
    missing: tuple[Missing, ...]
