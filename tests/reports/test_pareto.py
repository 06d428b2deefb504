"""The charts of a search."""

import json
import math
import xml.etree.ElementTree as ET

import pytest

from estimator.core.inputs import Workload
from estimator.core.planner.request import PlanRequest
from estimator.core.planner.result import PlanResult
from estimator.core.planner.search import find_best
from estimator.reference.plans import baseline, lookups, suggested_choices
from reports import wording
from reports.charts.pareto import Pareto, pareto_charts, pareto_figure, pareto_svg
from tests.core import levers_cases as cases


@pytest.fixture(scope="module")
def result() -> PlanResult:
    run = baseline(Workload.model_validate({**cases.BY_OPERATIONS, "uncertainty": {"draws_count": 50}}))
    choices = [lever for lever in suggested_choices(run) if lever.lever in ("hardware", "power_cap", "distributed")]
    return find_best(run, PlanRequest(), choices=choices, lookups=lookups(run))


@pytest.fixture(scope="module")
def charts(result: PlanResult) -> tuple[Pareto, ...]:
    return pareto_charts(result, wording.VOICE)


def test_emissions_against_cost_and_time(result: PlanResult, charts: tuple[Pareto, ...]) -> None:
    assert [chart.name for chart in charts] == ["pareto-cost", "pareto-time"]
    for chart in charts:
        numbers = [spot.number for spot in chart.spots if spot.number]
        assert numbers == [str(number) for number in range(1, len(result.best) + 1)]
        assert len(chart.spots) == len(result.front) + 1 + len(result.best)
        for values, ticks in (
            ([spot.x for spot in chart.spots], chart.x_ticks),
            ([spot.y for spot in chart.spots], chart.y_ticks),
        ):
            assert ticks[0][0] < min(values)
            assert ticks[-1][0] > max(values)


def test_drawn_twice_alike(charts: tuple[Pareto, ...]) -> None:
    for chart in charts:
        root = ET.fromstring(pareto_svg(chart))
        assert root.get("aria-label") == chart.alt
        figure = pareto_figure(chart)
        json.dumps(figure)
        assert sum(len(trace["x"]) for trace in figure["data"]) == len(chart.spots)
        assert figure["layout"]["xaxis"]["range"][0] == math.log10(chart.x_ticks[0][0])
        drawn = pareto_svg(chart)
        assert "style" not in drawn
        assert drawn.count("<title>") == len(chart.spots)


def test_what_is_not_known_has_no_chart(result: PlanResult) -> None:
    unknown = result.model_copy(
        update={
            "front": tuple(
                point.model_copy(update={"outcome": point.outcome.model_copy(update={"duration_h": None})})
                for point in result.front
            ),
            "best": (),
            "as_it_is": result.as_it_is.model_copy(update={"duration_h": None}),
        }
    )
    assert [chart.name for chart in pareto_charts(unknown, wording.VOICE)] == ["pareto-cost"]
