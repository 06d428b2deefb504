"""
The sheet that an estimate is written on: one line a quantity, each with its formula, its numbers and its sources.

A line is computed twice by the same function, once at the central inputs and once on the draws, and remembers which
inputs it comes from. A line that lacks an input is not written, so that what is unknown stays unknown.
"""

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from estimator.core.footprint import Assumption, Contribution, Range, Source, Step
from estimator.core.uncertainty import Array, assumption_draws, percentile_range, variance_contributions
from estimator.core.units import Quantity


@lru_cache(maxsize=512)
def _formula_parts(formula: str) -> tuple[str, ...]:
    """Split a formula into text (even places) and names (odd places)."""
    return tuple(re.split(r"([a-z][a-z0-9_]*)", formula))


def plain_number(number: float) -> str:
    """
    Write a number with ten significant digits and no separators, to be read and typed into a calculator.

    Examples
    --------
    >>> plain_number(951.27929), plain_number(64.0), plain_number(1 / 3)
    ('951.27929', '64', '0.3333333333')
    """
    return format(number, ".10g")


def by_name(*names: str) -> dict[str, str]:
    """Arguments that bear the names of the quantities put in."""
    return {name: name for name in names}


class Sheet:
    """
    Quantities of one estimate: assumptions to begin with, then every line that is written.

    Parameters
    ----------
    assumptions : mapping of str to Assumption
        The inputs, by name. One that no line reads is never drawn.
    sources : mapping of str to Source
        The known sources; a line cites only these.
    draws_count : int
        Draws of each uncertain input; 0 for none.
    seed : int
        Seed of the draws.
    """

    def __init__(
        self,
        *,
        assumptions: Mapping[str, Assumption],
        sources: Mapping[str, Source],
        draws_count: int,
        seed: int,
    ) -> None:
        self.steps: list[Step] = []
        self._assumptions = assumptions
        self._sources = sources
        self._draws_count = draws_count
        self._seed = seed
        self._central: dict[str, float] = {name: assumption.value for name, assumption in assumptions.items()}
        self._drawn: dict[str, Quantity] = {}
        self._scores: dict[str, Array] = {}
        self._inputs: dict[str, frozenset[str]] = {name: frozenset((name,)) for name in assumptions}

    def __contains__(self, name: str) -> bool:
        return name in self._central

    def central(self, name: str) -> float:
        """Value of a quantity at the central inputs."""
        return self._central[name]

    def inputs_of(self, name: str) -> frozenset[str]:
        """Names of the assumptions that a quantity comes from."""
        return self._inputs[name]

    def put(self, name: str, number: float) -> None:
        """Put in a number that the user counted, and that is beyond doubt."""
        self._central[name] = self._drawn[name] = number
        self._inputs[name] = frozenset()

    def line(
        self,
        name: str,
        *,
        label: str,
        formula: str,
        unit: str,
        quantity: Callable[..., Quantity],
        takes: Mapping[str, str],
        source_ids: tuple[str, ...] = (),
    ) -> bool:
        """
        Compute one quantity and write its step.

        Parameters
        ----------
        name : str
            The quantity, with its unit.
        label : str
            English template for people.
        formula : str
            In the names of other quantities of this sheet.
        unit : str
            Unit of the value.
        quantity : callable
            The function that computes it, for numbers and arrays alike.
        takes : mapping of str to str
            For each argument of the function, the name of the quantity put in.
        source_ids : tuple of str
            Who published the formula; the sources of the inputs are added.

        Returns
        -------
        bool
            Whether the line was written: False where a quantity that it needs is unknown.

        Raises
        ------
        ValueError
            If the value is not finite.
        """
        names = tuple(takes.values())
        if not all(put_in in self._central for put_in in names):
            return False
        central = float(quantity(**{argument: self._central[put_in] for argument, put_in in takes.items()}))
        drawn: Quantity = central
        if self._draws_count:
            draws = {argument: self._drawn_quantity(put_in) for argument, put_in in takes.items()}
            if any(isinstance(draw, np.ndarray) for draw in draws.values()):
                drawn = quantity(**draws)
        if not math.isfinite(central) or not math.isfinite(float(np.sum(drawn)) if self._draws_count else central):
            raise ValueError(f"{name} is not finite: the inputs are too large")
        substituted = "".join(
            plain_number(self._central[part]) if place % 2 else part
            for place, part in enumerate(_formula_parts(formula))
        )
        cited = [*source_ids, *(source_id for put_in in names for source_id in self._sources_of(put_in))]
        self.steps.append(
            Step(
                name=name,
                label=label,
                formula=formula,
                substituted=substituted,
                value=central,
                unit=unit,
                source_ids=tuple(dict.fromkeys(source_id for source_id in cited if source_id in self._sources)),
            )
        )
        # Last, as a line may take up a quantity of its own name: hours of one run, then of all runs.
        self._inputs[name] = frozenset().union(*(self._inputs[put_in] for put_in in names))
        self._central[name] = central
        self._drawn[name] = drawn
        return True

    def range(self, name: str) -> Range | None:
        """Value of a quantity with its range; None where it is unknown."""
        return self.known_range(name) if name in self._central else None

    def known_range(self, name: str) -> Range:
        """Value of a quantity that is on the sheet, with its range."""
        return percentile_range(central=self._central[name], drawn=self._drawn_quantity(name))

    def contributions(self, name: str) -> tuple[Contribution, ...]:
        """What each input contributes to the width of a quantity's range."""
        scores = {put_in: self._scores[put_in] for put_in in self._inputs[name] if put_in in self._scores}
        return variance_contributions(total=self._drawn_quantity(name), scores=scores)

    def _drawn_quantity(self, name: str) -> Quantity:
        drawn = self._drawn.get(name)
        if drawn is None:
            draws = assumption_draws(assumption=self._assumptions[name], draws_count=self._draws_count, seed=self._seed)
            drawn = self._drawn[name] = self._central[name] if draws is None else draws.values
            if draws is not None:
                self._scores[name] = draws.scores
        return drawn

    def _sources_of(self, name: str) -> tuple[str, ...]:
        # A line's own sources stand at its step: only inputs are cited where they are put in.
        assumption = self._assumptions.get(name)
        return assumption.source_ids if assumption is not None else ()
