"""What a reader may choose about a report. The same choices give the same file, so their digest is part of its key."""

import hashlib
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Section = Literal[
    "breakdown",
    "power",
    "uncertainty",
    "advice",
    "scenarios",
    "regions",
    "published",
    "equivalents",
    "quantities",
    "steps",
    "assumptions",
    "sources",
]
Paper = Literal["a4", "letter"]
#: Archivable, or accessible by its own standard: WeasyPrint writes one marker at a time; both are tagged.
Variant = Literal["pdf-a-3a", "pdf-ua-1"]

#: Every section, in the order of reading.
SECTIONS: Final[tuple[Section, ...]] = get_args(Section)
#: Raised when templates change what an old file shows, so that a new one is made.
LAYOUT: Final = 6
LONGEST_NOTES: Final = 4_000


def _in_order(chosen: object) -> object:
    """Each section once, in the order of reading; unknown ones are left for the check to name."""
    if not isinstance(chosen, list | tuple):
        return chosen
    unknown = [one for one in chosen if one not in SECTIONS]
    return [*(one for one in SECTIONS if one in chosen), *unknown]


class ReportOptions(BaseModel):
    """The choices."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    sections: Annotated[tuple[Section, ...], BeforeValidator(_in_order)] = SECTIONS
    organisation: str = Field(default="", max_length=120)
    notes: str = Field(default="", max_length=LONGEST_NOTES)  #: Markdown without HTML
    paper: Paper = "a4"
    variant: Variant = "pdf-a-3a"
    site: str = Field(default="", max_length=200)  #: where the report can be verified; no part of it without

    def digest(self, *, logo: bytes | None = None, over: str = "") -> str:
        """
        A digest of everything that decides how the report looks.

        Parameters
        ----------
        logo : bytes, optional
            The logo as it is stored.
        over : str
            What the report is over, where it is more than one estimate.
        """
        told = hashlib.sha256(f"{LAYOUT}\n{over}\n{self.model_dump_json()}\n".encode())
        told.update(logo or b"")
        return told.hexdigest()
