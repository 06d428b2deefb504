"""
Answers for reviewers' checklists.

Rule: Responsible NLP checklist of ACL Rolling Review, question C1 (parameters, compute budget, infrastructure); paper
checklist of NeurIPS, item 8 (workers, memory and storage, compute of each run and in total, runs not reported).
Neither asks for emissions; they stand below for those who add them.
"""

from typing import Final

from estimator.core.footprint import gettext_noop
from reports.disclosures import figures
from reports.disclosures.details import WHO_AND_WHEN, DisclosureDetails
from reports.disclosures.disclosure import Format, Missing, Written
from reports.disclosures.escapes import markdown
from reports.disclosures.facts import Facts
from reports.disclosures.prose import document, said
from reports.disclosures.sentences import paper_sentences

ACL: Final = "Responsible NLP checklist, C1"
NEURIPS: Final = "NeurIPS paper checklist, item 8"
RULE: Final = (
    "Responsible NLP checklist of ACL Rolling Review, C1; paper checklist of NeurIPS, item 8 (compute resources of the "
    "experiments). Both take yes, no or not applicable with a reason; add the section of the paper that says it."
)


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write the answers, as far as they are known."""
    missing = _missing(facts, details)
    parameters, hours = facts.parameters_count, facts.result.accelerator_hours
    duration = facts.duration_h
    final_hours = facts.final_accelerator_hours
    blocks = [
        "## ACL Responsible NLP, C1",
        "",
        f"{_answer(bool(parameters and hours and facts.hardware))}",
        "",
        f"- Number of parameters: {figures.number(parameters) if parameters else 'unknown'}.",
        f"- Total computational budget: {_budget(facts, details)}.",
        f"- Computing infrastructure: {said(facts.hardware)}; {said(details.location or facts.place)}.",
        "",
        "## NeurIPS, item 8",
        "",
        f"{_answer(bool(hours and facts.hardware and details.memory_and_storage))}",
        "",
        f"- Workers: {said(facts.hardware)}; provider: {said(facts.workload.location.provider or '')}.",
        f"- Memory and storage: {said(details.memory_and_storage or _memory(facts))}.",
        f"- Compute of this run: {f'{figures.number(final_hours)} accelerator hours' if final_hours else 'unknown'}"
        f"{f' in {figures.number(duration)} h' if duration else ''}.",
        f"- Compute in total: {_budget(facts, details)}.",
        f"- More than is reported in the paper: {_more(facts, details)}",
        "",
        "## Energy and emissions, which neither asks for",
        "",
        " ".join(markdown(sentence) for sentence in paper_sentences(facts, details)),
        "",
    ]
    content = document(
        "Reviewers' checklists: compute", rule=RULE, blocks=blocks, missing=missing, facts=facts, details=details
    )
    return Written(content, missing)


def _answer(is_complete: bool) -> str:
    return "**Yes.**" if is_complete else "**Not yet**: what is missing stands below."


def _memory(facts: Facts) -> str:
    memory = facts.workload.hardware.memory_gb
    return f"{figures.number(memory)} GB of memory; storage not stated" if memory else ""


def _budget(facts: Facts, details: DisclosureDetails) -> str:
    hours = facts.result.accelerator_hours
    if hours is None:
        return "unknown"
    if details.preliminary_hours and not facts.has_other_runs:
        whole = hours.central + details.preliminary_hours
        of_these = figures.number(details.preliminary_hours)
        return f"{figures.number(whole)} accelerator hours, of these {of_these} for development and failed runs"
    if facts.has_other_runs:
        other = hours.central - hours.central / facts.multiplier
        return f"{figures.number(hours.central)} accelerator hours, of these {figures.number(other)} for other runs"
    only = "" if facts.development_is_known or not facts.is_training else ", of the final run; other runs unknown"
    return f"{figures.number(hours.central)} accelerator hours{only}"


def _more(facts: Facts, details: DisclosureDetails) -> str:
    if not facts.is_training:
        return "unknown; this is the service, not the experiments."
    if details.preliminary_hours:
        return f"yes, {figures.number(details.preliminary_hours)} accelerator hours of development and failed runs."
    if facts.has_other_runs:
        return f"yes: {facts.runs[:1].lower()}{facts.runs[1:]}"
    return "no." if facts.development_is_known else "unknown."


def _missing(facts: Facts, details: DisclosureDetails) -> tuple[Missing, ...]:
    wanted = [
        (
            facts.parameters_count is None,
            "model.parameters_count",
            gettext_noop("The number of parameters is asked for."),
            ACL,
        ),
        (
            not facts.accelerator_name and not facts.workload.hardware.cpu,
            "hardware.accelerator",
            gettext_noop("The kind of workers is asked for."),
            NEURIPS,
        ),
        (
            facts.result.accelerator_hours is None,
            "accelerator_hours",
            gettext_noop("The budget is told in hours of accelerators."),
            ACL,
        ),
        (
            not details.memory_and_storage,
            "memory_and_storage",
            gettext_noop("Memory and storage of the workers are asked for."),
            NEURIPS,
        ),
        (
            facts.is_training and not facts.development_is_known and details.preliminary_hours is None,
            "preliminary_hours",
            gettext_noop("Asked is whether the project took more than is reported: failed and preliminary runs."),
            NEURIPS,
        ),
    ]
    return tuple(Missing(field, why, rule) for is_missing, field, why, rule in wanted if is_missing)


FORMAT: Final = Format(
    name="checklist",
    title=gettext_noop("Reviewers' checklists"),
    summary=gettext_noop("Answers for ACL Responsible NLP (C1) and NeurIPS (item 8): parameters, compute, machines."),
    media_type="text/markdown",
    extension="md",
    asks=("memory_and_storage", "preliminary_hours", "location", *WHO_AND_WHEN),
    write=write,
)
