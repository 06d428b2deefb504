"""What only the user knows, and the questions that ask for it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from estimator.core.footprint import gettext_noop

Kind = Literal["text", "number", "date", "choice"]
MOST_CHARACTERS: Final = 200
LARGEST_NUMBER: Final = 1e40


@dataclass(frozen=True, slots=True)
class DisclosureDetails:
    """Nothing in a calculation answers these. Empty is unknown, and is said as unknown."""

    run_id: str = ""  #: of the stored run
    made_at: str = ""  #: when its figures were made, "YYYY-MM-DD HH:MM:SS" in UTC

    organisation: str = ""
    contact: str = ""
    model_name: str = ""
    model_version: str = ""
    period_start: str = ""
    period_end: str = ""
    location: str = ""
    role: str = ""
    systemic_risk: str = ""
    base_model: str = ""
    base_model_flop: float | None = None
    synthetic_data_flop: float | None = None
    benchmark_tokens: float | None = None
    benchmark_hardware: str = ""
    withheld: str = ""
    site_control: str = ""
    reporting_year: float | None = None
    instrument: str = ""
    residual_mix_source: str = ""
    functional_unit: str = ""
    functional_unit_count: float | None = None
    provider_unit: str = ""
    training_type: str = ""
    task_family: str = ""
    data_type: str = ""
    infrastructure: str = ""
    confidentiality: str = ""
    energy_provider: str = ""
    energy_source: str = ""
    memory_and_storage: str = ""
    preliminary_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """How one detail is asked for."""

    label: str  #: English template
    kind: Kind = "text"
    choices: tuple[tuple[str, str], ...] = ()  #: value, English template


def _same(*values: str) -> tuple[tuple[str, str], ...]:
    return tuple((value, value) for value in values)


QUESTIONS: Final[dict[str, Question]] = {
    "organisation": Question(gettext_noop("Organisation")),
    "contact": Question(gettext_noop("Who answers questions")),
    "model_name": Question(gettext_noop("Name of the model")),
    "model_version": Question(gettext_noop("Version of the model")),
    "period_start": Question(gettext_noop("First day of the run"), "date"),
    "period_end": Question(gettext_noop("Last day of the run"), "date"),
    "location": Question(gettext_noop("Place, in the words to publish")),
    "role": Question(
        gettext_noop("Your role under the AI Act"),
        "choice",
        (
            ("provider", gettext_noop("provider of a general-purpose model")),
            ("open_source_provider", gettext_noop("provider of one under a free and open licence")),
            ("modifier", gettext_noop("I changed a model of somebody else")),
            ("other", gettext_noop("none of these")),
        ),
    ),
    "systemic_risk": Question(
        gettext_noop("Model with systemic risk"), "choice", (("yes", gettext_noop("yes")), ("no", gettext_noop("no")))
    ),
    "base_model": Question(gettext_noop("Model that this one builds on")),
    "base_model_flop": Question(gettext_noop("Operations of its training, in FLOP"), "number"),
    "synthetic_data_flop": Question(gettext_noop("Operations for synthetic data of your own, in FLOP"), "number"),
    "benchmark_tokens": Question(gettext_noop("Tokens of the inference benchmark"), "number"),
    "benchmark_hardware": Question(gettext_noop("Hardware of the inference benchmark")),
    "withheld": Question(gettext_noop("What a provider of compute or hardware withheld")),
    "site_control": Question(
        gettext_noop("Where it ran"),
        "choice",
        (
            ("own", gettext_noop("own hardware in an own room")),
            ("colocation", gettext_noop("own hardware in rented space under our control")),
            ("cloud", gettext_noop("rented machines or a bought service")),
            ("customer", gettext_noop("at customers who run our weights")),
        ),
    ),
    "reporting_year": Question(gettext_noop("Reporting year"), "number"),
    "instrument": Question(gettext_noop("Contracts and certificates: kind, market, vintage")),
    "residual_mix_source": Question(gettext_noop("Source of the residual mix")),
    "functional_unit": Question(gettext_noop("Functional unit: one …")),
    "functional_unit_count": Question(gettext_noop("How many of them this run gave"), "number"),
    "provider_unit": Question(
        gettext_noop("Unit of the provider's score"),
        "choice",
        (
            ("training_token", gettext_noop("training token")),
            ("parameter", gettext_noop("parameter")),
            ("flop", gettext_noop("FLOP of the training")),
        ),
    ),
    "training_type": Question(gettext_noop("Kind of training"), "choice", _same("pre-training", "fine-tuning")),
    "task_family": Question(gettext_noop("Family of the task, as in textGeneration")),
    "data_type": Question(
        gettext_noop("Kind of data"),
        "choice",
        _same("tabular", "audio", "boolean", "image", "video", "object", "text", "token", "word", "other"),
    ),
    "infrastructure": Question(
        gettext_noop("Kind of infrastructure"), "choice", _same("publicCloud", "privateCloud", "onPremise", "other")
    ),
    "confidentiality": Question(
        gettext_noop("Who may read it"), "choice", _same("public", "internal", "confidential", "secret")
    ),
    "energy_provider": Question(gettext_noop("Supplier of the electricity")),
    "energy_source": Question(
        gettext_noop("What the supplier makes it from"),
        "choice",
        _same(
            *("coal", "oil", "natural-gas", "nuclear", "wind", "solar", "geothermal", "hydropower", "biofuel"),
            *("unknown", "other"),
        ),
    ),
    "memory_and_storage": Question(gettext_noop("Memory and storage of the machines")),
    "preliminary_hours": Question(gettext_noop("Accelerator hours of development and failed runs"), "number"),
}

#: What every document of several sections begins with.
WHO_AND_WHEN: Final = ("organisation", "contact", "model_name", "model_version", "period_start", "period_end")

NO_CHOICE: Final = gettext_noop("Choose one of those listed.")
NO_NUMBER: Final = gettext_noop("Give a positive number.")
NO_DATE: Final = gettext_noop("Give a date as YYYY-MM-DD.")
TOO_LONG: Final = gettext_noop("Give at most 200 characters.")


def details_from(values: Mapping[str, str], **known: str) -> tuple[DisclosureDetails, dict[str, str]]:
    """
    Details as they were typed.

    Parameters
    ----------
    values : dict of str to str
        What was typed, by the name of its question; other names are passed over.
    **known : str
        What is known without asking: `run_id`, `made_at`.

    Returns
    -------
    details : DisclosureDetails
        Without what could not be read.
    problems : dict of str to str
        English template of what is wrong, by the name of the question.
    """
    read: dict[str, Any] = dict(known)
    problems: dict[str, str] = {}
    for name, question in QUESTIONS.items():
        typed = values.get(name, "").strip()
        if not typed:
            continue
        try:
            read[name] = _read(typed, question)
        except ValueError as problem:
            problems[name] = str(problem)
    return DisclosureDetails(**read), problems


def _read(typed: str, question: Question) -> str | float:
    if len(typed) > MOST_CHARACTERS:
        raise ValueError(TOO_LONG)
    if question.kind == "choice":
        if typed not in dict(question.choices):
            raise ValueError(NO_CHOICE)
    elif question.kind == "number":
        return _number(typed)
    elif question.kind == "date":
        try:
            return date.fromisoformat(typed).isoformat()
        except ValueError:
            raise ValueError(NO_DATE) from None
    return typed


def _number(typed: str) -> float:
    try:
        value = float(typed)
    except ValueError:
        raise ValueError(NO_NUMBER) from None
    if not (math.isfinite(value) and 0 < value <= LARGEST_NUMBER):
        raise ValueError(NO_NUMBER)
    return value
