"""The Pareto front: what nothing else beats in everything."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from estimator.core.uncertainty import Array

#: Strong points that thin out the rest before the exact pass.
_THINNING: Final = 24
_SEED: Final = 1


def pareto_front(objectives: Sequence[Array]) -> npt.NDArray[np.intp]:
    """
    Points that no other point dominates: as low in every objective, and lower in one.

    Parameters
    ----------
    objectives : sequence of array
        One array an objective, all of the same length and finite; less is better.

    Returns
    -------
    array of int
        Their numbers, by the first objective and then the others. Points with the same objectives stand together: none
        of them dominates the other.

    Notes
    -----
    Two objectives take one sort and one sweep. With more, a few strong points first thin out the rest, each in one
    comparison; what is left is swept in the order of the sum of its ranks, in which a point can only be dominated by
    one before it.

    Examples
    --------
    >>> pareto_front([np.array([1.0, 2.0, 3.0, 2.0]), np.array([3.0, 1.0, 2.0, 1.0])]).tolist()
    [0, 1, 3]
    """
    # An objective that is the same everywhere tells nothing.
    telling = [one for one in objectives if one.size and (one != one[0]).any()]
    if not telling:
        return np.arange(objectives[0].size if objectives else 0)
    if len(telling) == 1:
        found = np.flatnonzero(telling[0] == telling[0].min())
    elif len(telling) == 2:
        found = _two(telling[0], telling[1])
    else:
        found = _several(telling)
    return found[np.lexsort(tuple(one[found] for one in reversed(objectives)))]


def _two(first: Array, second: Array) -> npt.NDArray[np.intp]:
    order = np.lexsort((second, first))
    a, b = first[order], second[order]
    best_before = np.concatenate(([np.inf], np.minimum.accumulate(b)[:-1]))
    # The first of each run of equal first objectives has the least second; its equals stand behind it.
    starts = np.concatenate(([True], a[1:] != a[:-1]))
    run = np.cumsum(starts) - 1
    least, best = b[starts][run], best_before[starts][run]
    kept: npt.NDArray[np.intp] = order[(b == least) & (b < best)]
    return kept


def _several(objectives: Sequence[Array]) -> npt.NDArray[np.intp]:
    left, columns = np.arange(objectives[0].size), list(objectives)
    weights = np.random.Generator(np.random.PCG64(_SEED)).dirichlet(np.ones(len(columns)), _THINNING)
    scales = [(float(column.min()), float(np.ptp(column))) for column in columns]
    for weight in weights:
        score = sum(
            share / width * (column - low) for share, (low, width), column in zip(weight, scales, columns, strict=True)
        )
        kept = ~_dominated(columns, int(np.argmin(score)))
        left, columns = left[kept], [column[kept] for column in columns]
    ranks = sum(np.unique(column, return_inverse=True)[1] for column in columns)
    order = np.argsort(ranks, kind="stable")
    left, columns = left[order], [column[order] for column in columns]
    found = []
    while left.size:
        same = np.logical_and.reduce([column == column[0] for column in columns])
        found.append(left[same])
        kept = ~(_dominated(columns, 0) | same)
        left, columns = left[kept], [column[kept] for column in columns]
    return np.concatenate(found)


def _dominated(columns: Sequence[Array], by: int) -> npt.NDArray[np.bool_]:
    """Which points are beaten by one of them."""
    as_high, higher = np.ones(columns[0].size, dtype=bool), np.zeros(columns[0].size, dtype=bool)
    for column in columns:
        as_high &= column >= column[by]
        higher |= column > column[by]
    return as_high & higher
