"""
Ranges by sampling: every uncertain input is drawn, and the draws go through the very formulas of the central value.

One family of distributions serves all inputs. Its 5th, 50th and 95th percentiles are the low, central and high of the
assumption; each side of the centre is log-normal, so that a factor may be wide to one side and narrow to the other.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from estimator.core.footprint import Assumption, Contribution, Range
from estimator.core.units import Quantity

Array = npt.NDArray[np.float64]

#: Standard normal deviate of the 95th percentile.
Z95: Final = 1.6448536269514722
#: Columns of up to this many draws are kept for later estimates: at most some ten megabytes.
MOST_KEPT_DRAWS: Final = 10_000
#: Contributions below this are noise to a reader, and are left out.
SMALLEST_SHARE: Final = 0.005
#: What no draw may pass, unless the assumption itself does. Everything is non-negative.
FLOORS: Final[Mapping[str, float]] = {"pue": 1.0}
CEILINGS: Final[Mapping[str, float]] = {
    "utilisation": 1.0,
    "cpu_utilisation": 1.0,
    "mfu": 1.0,
    "idle_share": 0.9,
    "contracted_share": 1.0,
    "lifetime_utilisation": 1.0,
}


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws of one input, with the scores that say how far each one is from the centre."""

    values: Array
    scores: Array  #: log(value / central) where both sides are log-normal, else the value


def _log_ratio(upper: float, lower: float) -> float:
    # A difference, as the quotient of a large and a tiny number may be infinite.
    return math.log(upper) - math.log(lower)


@lru_cache(maxsize=64)
def standard_normal_draws(seed: int, name: str, draws_count: int) -> Array:
    """
    Standard normal draws of one input: a stream of its own, so that a new input leaves all others as they were.

    Parameters
    ----------
    seed : int
        Seed of the estimate.
    name : str
        Name of the input.
    draws_count : int
        How many.

    Returns
    -------
    array
        Read-only, as it is kept for the next estimate with the same seed. [1]

    Examples
    --------
    >>> bool((standard_normal_draws(1, "pue", 5) == standard_normal_draws(1, "pue", 5)).all())
    True
    >>> bool((standard_normal_draws(1, "pue", 5) == standard_normal_draws(1, "utilisation", 5)).any())
    False
    """
    name_key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")
    deviates = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, name_key)))).standard_normal(
        draws_count
    )
    deviates.setflags(write=False)
    return deviates


def split_log_normal(
    *, low: float, central: float, high: float, deviates: Array, floor: float = 0.0, ceiling: float = math.inf
) -> Draws:
    r"""
    Values whose 5th, 50th and 95th percentiles are `low`, `central` and `high`.

    Parameters
    ----------
    low, central, high : float
        The percentiles, in any unit.
    deviates : array
        Standard normal deviates. [1]
    floor, ceiling : float
        What no value may pass; widened to `low` and `high` where these lie outside.

    Returns
    -------
    Draws
        Values in the unit of `central`.

    Raises
    ------
    ValueError
        If the three are not ordered, not finite, or negative.

    Notes
    -----
    .. math::

        x = c \, (h / c)^{z / 1.6449} \quad (z \ge 0), \qquad x = c \, (l / c)^{-z / 1.6449} \quad (z < 0)

    A side that touches zero has no logarithm: it is half a normal distribution instead, through the same percentiles,
    and what would fall below the floor lies on it.

    Examples
    --------
    >>> split_log_normal(low=1.0, central=2.0, high=8.0, deviates=np.array([-Z95, 0.0, Z95])).values.round(12).tolist()
    [1.0, 2.0, 8.0]
    """
    if not (0.0 <= low <= central <= high < math.inf):
        raise ValueError(f"a range needs 0 <= low <= central <= high, all finite, not {low}, {central}, {high}")
    above = np.maximum(deviates, 0.0)
    below = deviates - above
    if low > 0.0:
        # In place: a new column for each step costs as much as the arithmetic.
        above *= _log_ratio(high, central) / Z95
        below *= _log_ratio(central, low) / Z95
        scores = np.add(above, below, out=above)
        values = np.exp(scores, out=below)
        values *= central
    else:
        upper = central * np.exp(above * (_log_ratio(high, central) / Z95)) if central > 0.0 else above * (high / Z95)
        scores = values = upper + below * (central / Z95)
    floor, ceiling = min(floor, low), max(ceiling, high)
    if floor > 0.0 or low == 0.0 or ceiling < math.inf:
        values = np.clip(values, floor, ceiling)
    return Draws(values=values, scores=scores)


def assumption_draws(*, assumption: Assumption, draws_count: int, seed: int) -> Draws | None:
    """
    Draws of one assumption, within its physical bounds; None where it is certain or no draws are wanted.

    Parameters
    ----------
    assumption : Assumption
        Low, central and high of an input.
    draws_count : int
        How many; 0 for none.
    seed : int
        Seed of the estimate.

    Returns
    -------
    Draws or None
        In the unit of the assumption.
    """
    if draws_count == 0 or assumption.low == assumption.value == assumption.high:
        return None
    draws = _kept_draws if draws_count <= MOST_KEPT_DRAWS else _kept_draws.__wrapped__
    return draws(assumption.name, assumption.low, assumption.value, assumption.high, draws_count, seed)


@lru_cache(maxsize=64)
def _kept_draws(name: str, low: float, central: float, high: float, draws_count: int, seed: int) -> Draws:
    """Draws of one input, kept for the next estimate: most runs share their defaults, their grid and the seed."""
    draws = split_log_normal(
        low=low,
        central=central,
        high=high,
        deviates=standard_normal_draws(seed, name, draws_count),
        floor=FLOORS.get(name, 0.0),
        ceiling=CEILINGS.get(name, math.inf),
    )
    draws.values.setflags(write=False)
    draws.scores.setflags(write=False)
    return draws


def percentile_range(*, central: float, drawn: Quantity) -> Range:
    """
    Central value with the 5th and 95th percentiles of its draws.

    Parameters
    ----------
    central : float
        Value at the central inputs.
    drawn : float or array
        The same quantity on the draws; a number where nothing in it is uncertain.

    Returns
    -------
    Range
        The percentiles are the draws of rank n/20 and 19n/20. Few draws may all lie on one side of the centre: the
        range then reaches to the centre, so that low <= central <= high always holds.

    Examples
    --------
    >>> percentile_range(central=50.0, drawn=np.arange(1.0, 101.0))
    Range(low=5.0, central=50.0, high=95.0)
    """
    if not isinstance(drawn, np.ndarray):
        return Range(central, central, central)
    low_rank, high_rank = (max(math.ceil(drawn.size * rank / 20) - 1, 0) for rank in (1, 19))
    # Two selections of one rank each are three times as fast as one selection of both.
    low, high = np.partition(drawn, low_rank)[low_rank], np.partition(drawn, high_rank)[high_rank]
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("a draw is no finite number")
    return Range(min(float(low), central), central, max(float(high), central))


def variance_contributions(*, total: Quantity, scores: Mapping[str, Array]) -> tuple[Contribution, ...]:
    r"""
    How much of the width of the total each input causes, largest first.

    Parameters
    ----------
    total : float or array
        The headline total on the draws; a number where nothing in it is uncertain.
    scores : mapping of str to array
        `Draws.scores` of the inputs that the total depends on.

    Returns
    -------
    tuple of Contribution
        Shares of 0.5 % and more. Together with what is left out they sum to 1.

    Notes
    -----
    The inputs are independent, and the total is nearly a product. The variance of the logarithm of a product is the
    sum of those of its factors, so that the squared correlation of an input's logarithm with the total's IS its share;
    normalised, it stays a fair measure where a sum (operational plus embodied) bends the relation:

    .. math:: S_i = \frac{r_i^2}{\sum_j r_j^2}, \qquad r_i = \mathrm{corr}(\ln x_i, \ln C)

    Chance alone gives two unrelated columns of n draws an r² of 1/(n - 1), which is taken off first.

    References
    ----------
    .. [1] Saltelli et al., Global Sensitivity Analysis: The Primer, 2008, chapter 1.

    Examples
    --------
    >>> x, y = standard_normal_draws(1, "x", 10_000), standard_normal_draws(1, "y", 10_000)
    >>> shares = variance_contributions(total=np.exp(2.0 * x + y), scores={"x": 2.0 * x, "y": y})
    >>> [(share.name, round(share.share_of_variance, 1)) for share in shares]
    [('x', 0.8), ('y', 0.2)]
    """
    if not isinstance(total, np.ndarray) or total.size < 2:
        return ()
    outcome = np.log(total) if total.min() > 0.0 else total
    outcome = outcome - float(outcome.sum()) / total.size
    outcome_square = float(outcome @ outcome)
    if outcome_square == 0.0:
        return ()
    squares: dict[str, float] = {}
    for name, score in scores.items():
        score_square = float(score @ score) - float(score.sum()) ** 2 / score.size
        # The outcome is centred, so the score need not be for the product of the two.
        correlation_square = (
            float(score @ outcome) ** 2 / (score_square * outcome_square) if score_square > 0.0 else 0.0
        )
        squares[name] = max(correlation_square - 1.0 / (score.size - 1), 0.0)
    whole = sum(squares.values())
    ordered = sorted(squares.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Contribution(name=name, share_of_variance=square / whole)
        for name, square in ordered
        if whole > 0.0 and square / whole >= SMALLEST_SHARE
    )
