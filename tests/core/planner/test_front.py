"""The Pareto front, against the definition by hand."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from estimator.core.planner.front import pareto_front


def _dominates(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    return bool((one <= other).all() and (one < other).any())


# Few distinct numbers, so that ties are common: they are where a front goes wrong.
@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.integers(1, 60).flatmap(
            lambda length: arrays(np.float64, (length, width), elements=st.integers(0, 5).map(float))
        )
    )
)
def test_the_front_holds_all_that_nothing_dominates_and_only_that(points: npt.NDArray[np.float64]) -> None:
    front = pareto_front(list(points.T)).tolist()
    assert len(front) == len(set(front))
    for number, point in enumerate(points):
        dominated = any(_dominates(other, point) for other in points)
        assert (number in front) != dominated
    for number in set(range(len(points))) - set(front):
        # What is dropped is beaten by the front itself, not only by something else that was dropped.
        assert any(_dominates(points[kept], points[number]) for kept in front)


def test_by_the_first_objective() -> None:
    front = pareto_front([np.array([3.0, 1.0, 2.0]), np.array([1.0, 3.0, 2.0]), np.array([2.0, 2.0, 2.0])])
    assert front.tolist() == [1, 2, 0]


@pytest.mark.parametrize("objectives", [[], [np.array([])], [np.array([]), np.array([])]])
def test_nothing_has_an_empty_front(objectives: list[npt.NDArray[np.float64]]) -> None:
    assert pareto_front(objectives).size == 0


def test_what_is_the_same_everywhere_decides_nothing() -> None:
    assert pareto_front([np.ones(4), np.ones(4)]).tolist() == [0, 1, 2, 3]
