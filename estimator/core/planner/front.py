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
        found = _several(np.stack(telling, axis=1))
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


def _several(points: Array) -> npt.NDArray[np.intp]:
    left = np.arange(len(points))
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / (high - low)
    weights = np.random.Generator(np.random.PCG64(_SEED)).dirichlet(np.ones(points.shape[1]), _THINNING)
    for weight in weights:
        strong = points[left[int(np.argmin(scaled[left] @ weight))]]
        left = left[~_dominated(points[left], strong)]
    ranks = np.stack([np.unique(points[left, one], return_inverse=True)[1] for one in range(points.shape[1])], axis=1)
    left = left[np.argsort(ranks.sum(axis=1), kind="stable")]
    found = []
    while left.size:
        best = points[left[0]]
        beaten = _dominated(points[left], best)
        same = (points[left] == best).all(axis=1)
        found.append(left[same])
        left = left[~(beaten | same)]
    return np.concatenate(found)


def _dominated(points: Array, by: Array) -> npt.NDArray[np.bool_]:
    beaten: npt.NDArray[np.bool_] = np.all(points >= by, axis=1)
    beaten &= np.any(points > by, axis=1)
    return beaten
