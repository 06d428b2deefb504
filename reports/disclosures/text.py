"""
Plain sentences for a paper.

Rule: what the statements of Lacoste et al. (2019) and of Green Algorithms (2021) hold, and what reviewers miss in them:
PUE, the method of the electricity, development runs, the hardware's making, the range.
"""

from typing import Final

from estimator.core.footprint import gettext_noop
from reports.disclosures.details import DisclosureDetails
from reports.disclosures.disclosure import Format, Missing, Written
from reports.disclosures.escapes import clean
from reports.disclosures.facts import Facts
from reports.disclosures.sentences import paper_sentences

PAPER_ASKS: Final = ("model_name", "location", "period_start", "period_end", "preliminary_hours")
STATEMENT: Final = "Lacoste et al. 2019; Lannelongue et al. 2021"


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write one paragraph."""
    text = " ".join(clean(sentence) for sentence in paper_sentences(facts, details))
    return Written(f"{text}\n", paper_missing(facts, details))


def paper_missing(facts: Facts, details: DisclosureDetails) -> tuple[Missing, ...]:
    """What a statement in a paper lacks."""
    wanted = [
        (
            not (details.model_name or facts.title),
            "model_name",
            gettext_noop("A statement names what it is of."),
        ),
        (not (details.location or facts.place), "location", gettext_noop("A statement says where the run took place.")),
        (
            facts.accelerator_name == "",
            "hardware.accelerator",
            gettext_noop("A statement names the hardware."),
        ),
        (
            facts.is_training and not facts.development_is_known and details.preliminary_hours is None,
            "preliminary_hours",
            gettext_noop("Without development and failed runs a statement tells a part of the whole."),
        ),
    ]
    return tuple(Missing(field, why, STATEMENT) for is_missing, field, why in wanted if is_missing)


FORMAT: Final = Format(
    name="text",
    title=gettext_noop("Plain sentences"),
    summary=gettext_noop("A paragraph for a paper: hardware, place, hours, energy, emissions by both methods, range."),
    media_type="text/plain",
    extension="txt",
    asks=PAPER_ASKS,
    write=write,
)
