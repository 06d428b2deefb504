"""
The sheet that an estimate is written on: one line a quantity, each with its formula, its numbers and its sources.

A line is computed by one function, at the central inputs when it is written and on the draws when its range is asked
for, and remembers which inputs it comes from. A line that lacks an input is not written, so that what is unknown stays
unknown.
"""

import math
import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import lru_cache, partial
from typing import Final, TypeAlias, cast

from pydantic import TypeAdapter

from estimator.core.factors import Adjustment
from estimator.core.footprint import Assumption, Contribution, Range, Source, Step
from estimator.core.uncertainty import Array, Draws, assumption_draws, percentile_range, variance_contributions
from estimator.core.units import Quantity

#: Far above any run that the bounds of the inputs allow, and far below what a draw of it could overflow.
LARGEST: Final = 1e60
KnownDraws: TypeAlias = MutableMapping[tuple[str, float, float, float], Draws | None]
_STEPS: Final = TypeAdapter(tuple[Step, ...])


class TooLarge(ValueError):
    """A quantity that no inputs of this world can give."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is too large to be computed with")
        self.name = name


@lru_cache(maxsize=512)
def _numbers_template(formula: str) -> tuple[str, tuple[str, ...]]:
    """Split a formula into the names in it and a template that takes their values, ten significant digits each."""
    # Not the exponent of a number, and not a function such as log2(…).
    name = re.compile(r"\b[a-z][a-z0-9_]*\b(?!\()")
    return name.sub("{:.10g}", formula), tuple(name.findall(formula))


def names_in(formula: str) -> tuple[str, ...]:
    """The quantities that a formula names, in its order."""
    return _numbers_template(formula)[1]


@lru_cache(maxsize=512)
def by_name(*names: str) -> Mapping[str, str]:
    """Arguments that bear the names of the quantities put in."""
    return {name: name for name in names}


def same(*, amount: Quantity) -> Quantity:
    """A quantity under another name."""
    return amount


def product(*, amount: Quantity, multiplier: Quantity) -> Quantity:
    """A quantity as often as a multiplier says."""
    return amount * multiplier


def total(**parts: Quantity) -> Quantity:
    """The sum of parts."""
    return sum(parts.values())


def _with_added(*, amount: Quantity, multiplier: Quantity, scale: float) -> Quantity:
    return amount + multiplier * scale


@lru_cache(maxsize=2048)
def _merged(*several: tuple[str, ...]) -> tuple[str, ...]:
    """Each source once, in the order in which they first come."""
    return tuple(dict.fromkeys([source_id for source_ids in several for source_id in source_ids]))


class _Entry:
    """One quantity: an assumption, a plain number, or a function of other entries."""

    __slots__ = ("arguments", "assumption", "central", "drawn", "quantity", "scores", "source_ids")

    def __init__(
        self,
        central: float,
        assumption: Assumption | None = None,
        quantity: Callable[..., Quantity] | None = None,
        arguments: Mapping[str, "_Entry"] | None = None,
    ) -> None:
        self.central = central
        self.assumption = assumption
        self.quantity = quantity
        self.arguments = arguments
        self.source_ids = assumption.source_ids if assumption is not None else ()
        self.drawn: Quantity | None = None
        self.scores: Array | None = None


def _origins(*entries: _Entry) -> dict[str, _Entry]:
    """The assumptions that quantities come from, by name."""
    found: dict[str, _Entry] = {}
    seen: set[int] = set()
    waiting = list(entries)
    while waiting:
        entry = waiting.pop()
        if id(entry) in seen:
            continue
        seen.add(id(entry))
        if entry.assumption is not None:
            found[entry.assumption.name] = entry
        elif entry.arguments is not None:
            waiting += entry.arguments.values()
    return found


class Sheet:
    """
    Quantities of one estimate: assumptions to begin with, then every line that is written.

    Parameters
    ----------
    assumptions : mapping of str to Assumption
        The inputs, by name. One that nobody asks for is never drawn.
    sources : mapping of str to Source
        The known sources; a line cites only these.
    draws_count : int
        Draws of each uncertain input; 0 for none.
    seed : int
        Seed of the draws.
    adjustments : sequence of Adjustment
        Quantities that levers change: each is written a second time, with its factor.
    known_draws : mapping
        Draws of other sheets with the same seed and number, to share what they have in common.
    """

    def __init__(
        self,
        *,
        assumptions: Mapping[str, Assumption],
        sources: Mapping[str, Source],
        draws_count: int,
        seed: int,
        adjustments: Sequence[Adjustment] = (),
        known_draws: KnownDraws | None = None,
    ) -> None:
        self._assumptions = assumptions
        self._known_draws: KnownDraws = {} if known_draws is None else known_draws
        self._sources = sources
        self._draws_count = draws_count
        self._seed = seed
        self._rows: list[dict[str, object]] = []
        self._entries = {name: _Entry(assumption.value, assumption) for name, assumption in assumptions.items()}
        self._adjustments: dict[str, list[Adjustment]] = {}
        for one in adjustments:
            self._adjustments.setdefault(one.target, []).append(one)
        for target in [name for name in self._adjustments if name in assumptions]:
            self._adjust(target, label=assumptions[target].label, unit=assumptions[target].unit)
            # The sum of all runs may bear the name of this input, and counts the lever through it.
            del self._adjustments[target]

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def central(self, name: str) -> float:
        """Value of a quantity at the central inputs."""
        return self._entries[name].central

    def steps(self) -> tuple[Step, ...]:
        """Every line written, in order."""
        return _STEPS.validate_python(self._rows)

    def assumptions_of(self, *names: str) -> tuple[Assumption, ...]:
        """The assumptions that some quantities come from."""
        return tuple([self._assumptions[origin] for origin in _origins(*[self._entries[name] for name in names])])

    def put(self, name: str, number: float) -> None:
        """Put in a number that the user counted, and that is beyond doubt."""
        self._entries[name] = _Entry(central=number)

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
            The quantity, with its unit. It may take the place of an input of the same name: what was written before
            keeps the old one.
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
        TooLarge
            If the value is beyond anything that its draws could be computed with.
        """
        written = self._write(
            name, label=label, formula=formula, unit=unit, quantity=quantity, takes=takes, source_ids=source_ids
        )
        if written and name in self._adjustments:
            self._adjust(name, label=label, unit=unit)
        return written

    def _adjust(self, target: str, *, label: str, unit: str) -> None:
        """Write a quantity once more, as levers leave it."""
        for one in self._adjustments[target]:
            if one.operation == "times":
                formula, quantity = f"{target} × {one.by}", cast("Callable[..., Quantity]", product)
            else:
                formula = f"{target} + {one.by}" + (f" × {one.scale:.10g}" if one.scale != 1.0 else "")
                quantity = partial(_with_added, scale=one.scale)
            self._write(
                target,
                label=label,
                formula=formula,
                unit=unit,
                quantity=quantity,
                takes={"amount": target, "multiplier": one.by},
            )

    def _write(
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
        entries, known_sources = self._entries, self._sources
        try:
            arguments = {argument: entries[put_in] for argument, put_in in takes.items()}
        except KeyError:
            return False
        cited = _merged(source_ids, *[entry.source_ids for entry in arguments.values()])
        try:
            central = float(quantity(**{argument: entry.central for argument, entry in arguments.items()}))
        except ZeroDivisionError:
            central = math.inf
        if not central <= LARGEST:
            raise TooLarge(name)
        template, names_in_formula = _numbers_template(formula)
        self._rows.append(
            {
                "name": name,
                "label": label,
                "formula": formula,
                "substituted": template.format(*[entries[put_in].central for put_in in names_in_formula]),
                "value": central,
                "unit": unit,
                "source_ids": tuple([source_id for source_id in cited if source_id in known_sources]),
            }
        )
        entries[name] = _Entry(central, quantity=quantity, arguments=arguments)
        return True

    def range(self, name: str) -> Range | None:
        """Value of a quantity with its range; None where it is unknown."""
        return self.known_range(name) if name in self._entries else None

    def known_range(self, name: str) -> Range:
        """Value of a quantity that is on the sheet, with its range."""
        entry = self._entries[name]
        return percentile_range(central=entry.central, drawn=self._drawn(entry))

    def drawn(self, name: str) -> Quantity:
        """A quantity on the draws; a number where nothing in it is uncertain, or nothing is drawn."""
        return self._drawn(self._entries[name])

    def contributions(self, name: str) -> tuple[Contribution, ...]:
        """What each input contributes to the width of a quantity's range."""
        if not self._draws_count:
            return ()
        total = self._drawn(self._entries[name])
        origins = _origins(self._entries[name])
        scores = {origin: entry.scores for origin, entry in origins.items() if entry.scores is not None}
        return variance_contributions(total=total, scores=scores)

    def _drawn(self, entry: _Entry) -> Quantity:
        if not self._draws_count:
            return entry.central
        if entry.drawn is None:
            if entry.assumption is not None:
                draws = self._draws_of(entry.assumption)
                entry.drawn, entry.scores = (entry.central, None) if draws is None else (draws.values, draws.scores)
            elif entry.quantity is not None and entry.arguments is not None:
                drawn = {argument: self._drawn(put_in) for argument, put_in in entry.arguments.items()}
                # Where nothing put in is uncertain this gives the central value once more.
                entry.drawn = entry.quantity(**drawn)
            else:
                entry.drawn = entry.central
        return entry.drawn

    def _draws_of(self, assumption: Assumption) -> Draws | None:
        key = (assumption.name, assumption.low, assumption.value, assumption.high)
        if key not in self._known_draws:
            self._known_draws[key] = assumption_draws(
                assumption=assumption, draws_count=self._draws_count, seed=self._seed
            )
        return self._known_draws[key]


def write_same(sheet: Sheet, name: str, of: str, *, label: str, unit: str) -> None:
    """Write a quantity that is another one under a new name."""
    sheet.line(name, label=label, formula=of, unit=unit, quantity=same, takes={"amount": of})
