"""
The forms in which a run's figures are handed on: one module a format, each a pure function.

`disclose` takes a run as it was described, its footprint and what only the user knows, and gives the document with the
list of what it still lacks. Figures are unrounded until a format's own rule rounds them. Documents are in English.
"""

from typing import Final

from estimator.core.footprint import Footprint
from estimator.core.inputs import Workload
from reports.disclosures import (
    badge,
    bibtex,
    boamps,
    checklist,
    codecarbon_csv,
    cyclonedx,
    eu_ai_act,
    ghg_protocol,
    latex,
    model_card,
    sci,
    text,
)
from reports.disclosures.details import QUESTIONS, DisclosureDetails, Question, details_from
from reports.disclosures.disclosure import Disclosure, Format, Missing
from reports.disclosures.facts import Facts

__all__ = [
    "FORMATS",
    "QUESTIONS",
    "Disclosure",
    "DisclosureDetails",
    "Format",
    "Missing",
    "Question",
    "details_from",
    "disclose",
]

#: Every format by its name in addresses, in the order in which they are listed.
FORMATS: Final[dict[str, Format]] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        *(eu_ai_act, ghg_protocol, sci, model_card, boamps, cyclonedx),
        *(latex, bibtex, text, checklist, codecarbon_csv, badge),
    )
}


def disclose(
    name: str, *, workload: Workload, footprint: Footprint, details: DisclosureDetails | None = None
) -> Disclosure:
    """
    One run in one format.

    Parameters
    ----------
    name : str
        One of `FORMATS`.
    workload : Workload
        The run as its user described it.
    footprint : Footprint
        What was computed for it.
    details : DisclosureDetails, optional
        What only the user knows; by default nothing.

    Returns
    -------
    Disclosure
        The document, and what it lacks to be complete.

    Raises
    ------
    KeyError
        If there is no such format.
    """
    chosen = FORMATS[name]
    written = chosen.write(Facts.of(workload, footprint), details or DisclosureDetails())
    return Disclosure(chosen, written.content, written.missing)
