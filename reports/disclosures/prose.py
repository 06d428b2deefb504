"""Documents of Markdown: how every one of them begins and ends."""

from collections.abc import Sequence

from reports.disclosures.details import QUESTIONS, DisclosureDetails
from reports.disclosures.disclosure import Missing
from reports.disclosures.escapes import markdown
from reports.disclosures.facts import Facts

UNKNOWN = "not stated"


def name_of(facts: Facts, details: DisclosureDetails) -> str:
    """What the model, or else the run, is called."""
    return details.model_name or facts.title


def said(text: str) -> str:
    """What a person said, or that nothing was said."""
    return markdown(text) if text else UNKNOWN


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose cells are escaped already."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(cell or '–' for cell in row)} |" for row in rows),
        "",
    ]


def document(
    title: str,
    *,
    rule: str,
    blocks: Sequence[str],
    missing: Sequence[Missing],
    facts: Facts,
    details: DisclosureDetails,
) -> str:
    """A whole document: what it is of, by which rule, what it says, what it lacks, what made it."""
    version = f", version {markdown(details.model_version)}" if details.model_version else ""
    who = [f"Organisation: {said(details.organisation)}"]
    if details.contact:
        who.append(f"Contact: {markdown(details.contact)}")
    lines = [
        f"# {title}",
        "",
        f"Of: {said(name_of(facts, details))}{version}. {'. '.join(who)}. Period: {period(details)}.",
        "",
        f"Rule: {rule}",
        "",
        *blocks,
    ]
    if missing:
        lines += ["## Still missing", "", *(f"- {label(one)}: {one.why} ({one.rule})" for one in missing), ""]
    made_at = f", made at {details.made_at} UTC" if details.made_at else ""
    lines += [f"Figures by {facts.made_with}{made_at}. Ranges are the 5th to the 95th percentile.", ""]
    return "\n".join(lines)


def label(one: Missing) -> str:
    """What is missing, in words where it is asked for here, by its path where it belongs to the run."""
    return QUESTIONS[one.field].label if one.field in QUESTIONS else f"`{one.field}`"


def period(details: DisclosureDetails) -> str:
    """The days of the run."""
    if details.period_start and details.period_end:
        return f"{details.period_start} to {details.period_end}"
    return details.period_start or details.period_end or UNKNOWN
