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
from typing import Final, NamedTuple, TypeAlias, cast

from pydantic import TypeAdapter

from estimator.core.factors import Adjustment
from estimator.core.footprint import QUALITY_ORDER, Assumption, Contribution, LazySteps, Quality, Range, Source, Step
from estimator.core.uncertainty import Array, Draws, assumption_draws, percentile_range, variance_contributions
from estimator.core.units import Quantity

#: Far above any run that the bounds of the inputs allow, and far below what a draw of it could overflow.
LARGEST: Final = 1e60
KnownDraws: TypeAlias = MutableMapping[tuple[str, float, float, float], Draws | None]
_STEPS: Final = TypeAdapter(tuple[Step, ...])
_NONE: Final[Mapping[str, "_Entry"]] = {}
_TIERS: Final = {quality: tier for tier, quality in enumerate(QUALITY_ORDER)}


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
    return name.sub("%.10g", formula.replace("%", "%%")), tuple(name.findall(formula))


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


def product_of_all(**factors: Quantity) -> Quantity:
    """The product of factors."""
    return math.prod(factors.values())


def total(**parts: Quantity) -> Quantity:
    """The sum of parts."""
    return sum(parts.values())


def _with_added(*, amount: Quantity, multiplier: Quantity, scale: float) -> Quantity:
    return amount + multiplier * scale


class Line(NamedTuple):
    """One line as it is declared: what it computes, from what, and how that is told."""

    name: str  #: the quantity, with its unit
    label: str  #: English template for people
    formula: str  #: in the names of other quantities of the sheet
    unit: str
    quantity: Callable[..., Quantity]  #: the function that computes it, for numbers and arrays alike
    takes: Mapping[str, str]  #: argument of the function -> name of the quantity put in
    source_ids: tuple[str, ...] = ()  #: who published the formula; the sources of the inputs are added


class _Entry:
    """One quantity: an assumption, a plain number, or a line computed from other entries."""

    __slots__ = ("arguments", "assumption", "central", "line", "tier")

    def __init__(
        self,
        central: float,
        tier: int,
        assumption: Assumption | None = None,
        line: Line | None = None,
        arguments: Mapping[str, "_Entry"] = _NONE,
    ) -> None:
        self.central = central
        self.tier = tier  #: place in QUALITY_ORDER of the worst input that it comes from
        self.assumption = assumption
        self.line = line
        self.arguments = arguments


def _written_out(
    entries: Sequence[tuple[Line, _Entry]],
    assumptions: Mapping[str, Assumption],
    counted: dict[str, float],
    known_sources: Mapping[str, Source],
) -> tuple[Step, ...]:
    """The lines as people read them: each with the numbers that stood on the sheet when it was written."""
    numbers = {name: assumption.value for name, assumption in assumptions.items()} | counted
    rows = []
    for line, entry in entries:
        template, names = _numbers_template(line.formula)
        cited = list(line.source_ids)
        for put_in in entry.arguments.values():
            if put_in.assumption is not None:
                cited += put_in.assumption.source_ids
        rows.append(
            {
                "name": line.name,
                "label": line.label,
                "formula": line.formula,
                "substituted": template % tuple([numbers[name] for name in names]),
                "value": entry.central,
                "unit": line.unit,
                "source_ids": tuple([source_id for source_id in dict.fromkeys(cited) if source_id in known_sources]),
            }
        )
        numbers[line.name] = entry.central
    return _STEPS.validate_python(rows)


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
        else:
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
        self._lines: list[tuple[Line, _Entry]] = []
        self._counted: dict[str, float] = {}
        self._entries = {name: _Entry(one.value, _TIERS[one.quality], one) for name, one in assumptions.items()}
        self._drawn_of: dict[_Entry, Quantity] = {}
        self._scores_of: dict[str, Array] = {}
        self._adjustments: dict[str, list[Adjustment]] = {}
        for one in adjustments:
            self._adjustments.setdefault(one.target, []).append(one)
        for target in [name for name in self._adjustments if name in assumptions]:
            self._adjust(target, label=assumptions[target].label, unit=assumptions[target].unit)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def central(self, name: str) -> float:
        """Value of a quantity at the central inputs."""
        return self._entries[name].central

    def steps(self) -> LazySteps:
        """Every line written so far, in order."""
        return LazySteps(partial(_written_out, tuple(self._lines), self._assumptions, self._counted, self._sources))

    def cited_source_ids(self) -> set[str]:
        """Who published the formulas of the lines; the inputs name their own sources."""
        return set().union(*[line.source_ids for line, _ in self._lines])

    def quality(self, *names: str) -> Quality:
        """The worst tier among the inputs that some quantities come from."""
        return QUALITY_ORDER[max([self._entries[name].tier for name in names])]

    def put(self, name: str, number: float) -> None:
        """Put in a number that the user counted, and that is beyond doubt."""
        self._counted[name] = number
        self._entries[name] = _Entry(number, 0)

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
        """Declare a line and write it, as `write` does."""
        return self.write(Line(name, label, formula, unit, quantity, takes, source_ids))

    def write(self, line: Line) -> bool:
        """
        Compute one quantity and write its line.

        Parameters
        ----------
        line : Line
            It may take the place of an input of the same name: what was written before keeps the old one.

        Returns
        -------
        bool
            Whether the line was written: False where a quantity that it needs is unknown.

        Raises
        ------
        TooLarge
            If the value is beyond anything that its draws could be computed with.
        """
        name, entries = line.name, self._entries
        arguments: dict[str, _Entry] = {}
        numbers: dict[str, float] = {}
        tier = 0
        try:
            for argument, put_in in line.takes.items():
                entry = arguments[argument] = entries[put_in]
                numbers[argument] = entry.central
                if entry.tier > tier:
                    tier = entry.tier
        except KeyError:
            return False
        try:
            central = float(line.quantity(**numbers))
        except ZeroDivisionError:
            central = math.inf
        if not central <= LARGEST:
            raise TooLarge(name)
        entry = entries[name] = _Entry(central, tier, None, line, arguments)
        self._lines.append((line, entry))
        if name in self._adjustments:
            self._adjust(name, label=line.label, unit=line.unit)
        return True

    def _adjust(self, target: str, *, label: str, unit: str) -> None:
        """Write a quantity once more, as levers leave it."""
        # Only once: the sum of all runs may bear the name of an input, and counts the lever through it.
        for one in self._adjustments.pop(target):
            if one.operation == "times":
                formula, quantity = f"{target} × {one.by}", cast("Callable[..., Quantity]", product)
            else:
                formula = f"{target} + {one.by}" + (f" × {one.scale:.10g}" if one.scale != 1.0 else "")
                quantity = partial(_with_added, scale=one.scale)
            self.line(
                target,
                label=label,
                formula=formula,
                unit=unit,
                quantity=quantity,
                takes={"amount": target, "multiplier": one.by},
            )

    def range(self, name: str) -> Range | None:
        """Value of a quantity with its range; None where it is unknown."""
        return self.known_range(name) if name in self._entries else None

    def known_range(self, name: str) -> Range:
        """Value of a quantity that is on the sheet, with its range."""
        entry = self._entries[name]
        if not self._draws_count:
            return Range(entry.central, entry.central, entry.central)
        return percentile_range(central=entry.central, drawn=self._drawn(entry))

    def drawn(self, name: str) -> Quantity:
        """A quantity on the draws; a number where nothing in it is uncertain, or nothing is drawn."""
        return self._drawn(self._entries[name])

    def contributions(self, name: str) -> tuple[Contribution, ...]:
        """What each input contributes to the width of a quantity's range."""
        if not self._draws_count:
            return ()
        total = self._drawn(self._entries[name])
        scores = {
            origin: self._scores_of[origin] for origin in _origins(self._entries[name]) if origin in self._scores_of
        }
        return variance_contributions(total=total, scores=scores)

    def _drawn(self, entry: _Entry) -> Quantity:
        if not self._draws_count:
            return entry.central
        drawn = self._drawn_of.get(entry)
        if drawn is None:
            drawn = self._drawn_of[entry] = self._drawn_anew(entry)
        return drawn

    def _drawn_anew(self, entry: _Entry) -> Quantity:
        if entry.assumption is not None:
            draws = self._draws_of(entry.assumption)
            if draws is None:
                return entry.central
            self._scores_of[entry.assumption.name] = draws.scores
            return draws.values
        if entry.line is None:
            return entry.central
        # Where nothing put in is uncertain this gives the central value once more.
        return entry.line.quantity(**{argument: self._drawn(put_in) for argument, put_in in entry.arguments.items()})

    def _draws_of(self, assumption: Assumption) -> Draws | None:
        key = (assumption.name, assumption.low, assumption.value, assumption.high)
        if key not in self._known_draws:
            self._known_draws[key] = assumption_draws(
                assumption=assumption, draws_count=self._draws_count, seed=self._seed
            )
        return self._known_draws[key]


def write_same(sheet: Sheet, name: str, of: str, *, label: str, unit: str) -> None:
    """Write a quantity that is another one under a new name."""
    sheet.write(_same_line(name, of, label, unit))


@lru_cache(maxsize=128)
def _same_line(name: str, of: str, label: str, unit: str) -> Line:
    return Line(name, label, of, unit, same, {"amount": of})
