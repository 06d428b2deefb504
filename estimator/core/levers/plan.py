"""
What a lever makes of a run: another run, with factors where no field of a run can say what changes.

A lever is a pure function from plan to plan. What it must know of the catalogue it asks a `Knowledge`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from estimator.core.bounds import Inputs
from estimator.core.factors import Adjustment
from estimator.core.footprint import Assumption, Quality, gettext_noop
from estimator.core.inputs import Method, Workload
from estimator.core.levers.settings import ClientLocation

SizeClass = Literal["", "small", "medium", "large"]
Triple = tuple[float, float, float]

#: Below and above these numbers of parameters, quantised kernels behave differently. [1]
SMALL_PARAMETERS = 3e9
LARGE_PARAMETERS = 30e9
#: What the doubt of a factor moves.
_LABEL = gettext_noop("What the lever leaves of it")
_ADDED_LABEL = gettext_noop("What the lever adds")
_TOO_LARGE = gettext_noop("With these settings the run becomes too large to be computed. Are the units right?")


class LeverProblem(ValueError):
    """A lever that cannot be computed for a run: at which of its settings, and what to do."""

    def __init__(self, setting: str, message: str, **text_params: Any) -> None:
        super().__init__(message)
        self.setting, self.message, self.text_params = setting, message, text_params


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row of evidence: what was found for a setting, a size and a kind of hardware."""

    id: str
    low: float
    central: float
    high: float
    unit: str
    quality: Quality
    conditions: str  #: English template
    quality_effect: str  #: English template
    source_ids: tuple[str, ...]

    @property
    def triple(self) -> Triple:
        """Low, central and high."""
        return self.low, self.central, self.high


@dataclass(frozen=True, slots=True)
class Board:
    """What a lever must know of an accelerator."""

    id: str
    name: str
    family: str
    tdp_w: float | None
    peak_flops: float | None
    memory_gb: float | None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run once its names are looked up."""

    method: Method
    parameters_count: float | None
    active_parameters_count: float | None
    training_tokens: float | None
    board: Board | None

    @property
    def size_class(self) -> SizeClass:
        """Size of the model, as evidence is sorted by it; empty where it is unknown."""
        if self.parameters_count is None:
            return ""
        if self.parameters_count < SMALL_PARAMETERS:
            return "small"
        return "large" if self.parameters_count >= LARGE_PARAMETERS else "medium"


class Knowledge(Protocol):
    """What levers ask the catalogue."""

    def facts(self, workload: Workload) -> RunFacts:
        """What is known of a run."""

    def board(self, name: str) -> tuple[Board, float | None]:
        """An accelerator by what people call it, and the number that the name stands for."""

    def evidence(self, lever: str, quantity: str, **where: str) -> Evidence:
        """The row of evidence that fits a setting, a size class, a batch and a kind of hardware best."""

    def client_grid(self, places: Sequence[str | ClientLocation], workload: Workload) -> Assumption:
        """Mean intensity of the grids of clients, by their shares."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run, and what levers made of it so far."""

    workload: Workload
    factors: tuple[Assumption, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    conditions: tuple[str, ...] = ()
    quality_effects: tuple[str, ...] = ()
    source_ids: tuple[str, ...] = field(default=())

    @property
    def run(self) -> str:
        """What the names of the final run begin with, as the composer writes them."""
        several = self.workload.development_factor != 0.0 or self.workload.repeat_count != 1
        return "final_run_" if several else ""

    def cited(self, *rows: Evidence) -> "Plan":
        """The plan with what is to be said about some evidence."""
        return replace(
            self,
            conditions=_once((*self.conditions, *(row.conditions for row in rows))),
            quality_effects=_once((*self.quality_effects, *(row.quality_effect for row in rows))),
            source_ids=_once((*self.source_ids, *(source_id for row in rows for source_id in row.source_ids))),
        )

    def said(self, *conditions: str) -> "Plan":
        """The plan with more conditions."""
        return replace(self, conditions=_once((*self.conditions, *conditions)))

    def with_fields(self, group: str = "", **fields: Any) -> "Plan":
        """The plan with other values in the run, or in one of its groups."""
        workload = self.workload
        if group:
            part: Inputs = getattr(workload, group)
            fields = {group: part.model_copy(update=fields)}
        return replace(self, workload=workload.model_copy(update=fields))

    def changed(
        self,
        lever: str,
        quantity: str,
        triple: Triple,
        targets: Sequence[str],
        *,
        row: Evidence | None = None,
        operation: Literal["times", "plus"] = "times",
        unit: str = "1",
        scales: Sequence[float] = (),
    ) -> "Plan":
        """
        The plan with one more factor.

        Parameters
        ----------
        lever, quantity : str
            Name of the factor: one uncertain number, however many quantities it acts on.
        triple : tuple of float
            Low, central and high; a factor of exactly 1 is left out.
        targets : sequence of str
            The quantities of the sheet that it acts on; those that a run does not have are passed over.
        row : Evidence, optional
            Where it comes from; cited.
        operation : str
            Whether it multiplies or is added.
        unit : str
            Of the factor.
        scales : sequence of float
            What an added number is multiplied by, for each target; 1 by default.
        """
        plan = self if row is None else self.cited(row)
        neutral = 1.0 if operation == "times" else 0.0
        if triple == (neutral, neutral, neutral):
            return plan
        plan = plan.put(f"{lever}_{quantity}", triple, unit=unit, row=row, adds=operation == "plus")
        return replace(
            plan,
            adjustments=(
                *plan.adjustments,
                *(
                    Adjustment(target, f"{lever}_{quantity}", operation, scale)
                    for target, scale in zip(targets, scales or (1.0,) * len(targets), strict=True)
                ),
            ),
        )

    def put(self, name: str, triple: Triple, *, unit: str, row: Evidence | None = None, adds: bool = False) -> "Plan":
        """The plan with one more number that the composer will find under its name."""
        low, central, high = triple
        if not math.isfinite(high):
            raise LeverProblem("lever", _TOO_LARGE)
        factor = Assumption(
            name=name,
            label=_ADDED_LABEL if adds else _LABEL,
            value=central,
            low=low,
            high=high,
            unit=unit,
            status="default" if row is not None else "given",
            quality=row.quality if row is not None else "modelled",
            source_ids=row.source_ids if row is not None else (),
        )
        return replace(self, factors=(*self.factors, factor))


def _once(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))


def scaled(triple: Triple, by: float) -> Triple:
    """A triple times a number."""
    low, central, high = triple
    return low * by, central * by, high * by


def powered(triple: Triple, exponent: float) -> Triple:
    """A triple to a power, in order."""
    low, central, high = (value**exponent for value in triple)
    return min(low, high), central, max(low, high)


def certain(value: float) -> Triple:
    """A triple without doubt."""
    return value, value, value
