"""
How far each uncertain input alone moves the total: what a tornado chart draws.

The formulas that a footprint prints are evaluated again, once with each input at its low and once at its high end. That
is done only where they give the printed values at the central inputs, so the chart also proves that the formulas on the
page are the whole calculation.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from estimator.core.footprint import Footprint

Numbers = NDArray[np.float64]

TOTAL: Final = "total_kgco2e"
#: A formula that is off by more than this at the central inputs is not the whole calculation.
TOLERANCE: Final = 1e-6
#: An input that moves the total by less than this share does not show.
SMALLEST_SHARE: Final = 1e-4

_OPERATORS: Final[Mapping[type[ast.operator], Callable[[Numbers, Numbers], Numbers]]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Numbers]]] = {
    "log2": np.log2,
    "ceil": np.ceil,
    "max": np.maximum,
    "min": np.minimum,
}


@dataclass(frozen=True, slots=True)
class Swing:
    """The total with one input at the ends of its range and every other input at its central value."""

    name: str
    label: str
    at_low_kgco2e: float
    at_high_kgco2e: float

    @property
    def width_kgco2e(self) -> float:
        """How far apart the two totals are."""
        return abs(self.at_high_kgco2e - self.at_low_kgco2e)


def swings_of(footprint: Footprint) -> tuple[Swing, ...]:
    """
    The swing of each uncertain input, widest first.

    Parameters
    ----------
    footprint : Footprint
        With its steps and assumptions.

    Returns
    -------
    tuple of Swing
        Empty where the printed formulas do not give the printed total, or nothing is uncertain.
    """
    uncertain = [one for one in footprint.assumptions if one.high > one.low]
    # First the central case, then one case with each input at its low end, then one with each at its high end.
    count = len(uncertain)
    known = {one.name: np.full(1 + 2 * count, one.value) for one in footprint.assumptions}
    for place, one in enumerate(uncertain, start=1):
        known[one.name][place] = one.low
        known[one.name][place + count] = one.high
    totals = _totals(footprint, known)
    central_kgco2e = footprint.result.total_kgco2e.central
    if totals is None or central_kgco2e <= 0 or not np.isclose(totals[0], central_kgco2e, rtol=TOLERANCE):
        return ()
    swings = (
        Swing(name=one.name, label=one.label, at_low_kgco2e=float(low), at_high_kgco2e=float(high))
        for one, low, high in zip(uncertain, totals[1 : 1 + count], totals[1 + count :], strict=True)
    )
    seen = (swing for swing in swings if swing.width_kgco2e > SMALLEST_SHARE * central_kgco2e)
    return tuple(sorted(seen, key=lambda swing: -swing.width_kgco2e))


def _totals(footprint: Footprint, known: dict[str, Numbers]) -> Numbers | None:
    """The total by the printed formulas, in their order; None where one of them cannot be evaluated."""
    try:
        with np.errstate(all="ignore"):
            for step in footprint.steps:
                known[step.name] = _evaluate(_parsed(step.formula), known)
                if step.name == TOTAL:
                    return known[TOTAL] if np.isfinite(known[TOTAL]).all() else None
    except (ArithmeticError, KeyError, RecursionError, SyntaxError, TypeError, ValueError):
        return None
    return None


@lru_cache(maxsize=512)
def _parsed(formula: str) -> ast.expr:
    plain = formula.translate(str.maketrans("×÷−", "*/-"))
    return ast.parse(plain.replace("^", "**"), mode="eval").body


def _evaluate(node: ast.expr, known: Mapping[str, Numbers]) -> Numbers:
    match node:
        case ast.Constant(value=int() | float() as number):
            return np.asarray(float(number))
        case ast.Name(id=name):
            return known[name]
        case ast.BinOp(left=left, op=operator, right=right):
            return _OPERATORS[type(operator)](_evaluate(left, known), _evaluate(right, known))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _FUNCTIONS[name](*(_evaluate(one, known) for one in arguments))
    raise ValueError(f"not arithmetic: {ast.dump(node)}")
