"""The chart of a ledger and its sentences."""

from xml.etree import ElementTree as ET

import pytest

from estimator.core.ledger import LedgerResult, ledger
from reports.charts.life import life_chart, life_figure, life_svg
from reports.templatetags.ledgers import ledger_in_words
from reports.wording import VOICE
from tests.core.test_ledger import entry


def life(months: int, *, use: float = 50.0) -> LedgerResult:
    return ledger(
        [
            entry("training", 1000.0, embodied=100.0, times_before=1),
            entry("inference", use, times_per_month=1),
        ],
        service_life_months=months,
    )


def test_layers_sum_to_the_total_and_the_top_is_above_it() -> None:
    chart = life_chart(life(36), VOICE)
    assert chart is not None
    assert [layer.part for layer in chart.layers] == ["training", "inference", "embodied"]
    assert sum(layer.cumulative_kgco2e[-1] for layer in chart.layers) == pytest.approx(2900.0)
    assert chart.amounts[0][0] == 0.0 and chart.amounts[-1][0] >= 2900.0
    assert [row[0] for row in chart.rows] == ["0", "12", "24", "36"]
    assert all(len(row) == len(chart.columns) for row in chart.rows)
    assert chart.passing is not None and chart.passing[0] == 23  # 1,150 against 1,100


@pytest.mark.parametrize("months", [1, 2, 11, 12, 13, 48, 240])
def test_it_is_drawn_for_every_life(months: int) -> None:
    chart = life_chart(life(months), VOICE)
    assert chart is not None and 1 <= len(chart.months) <= 8 and len(chart.amounts) <= 8
    drawing = ET.fromstring(life_svg(chart).replace("var(--", "").replace(")", ""))
    polygons = drawing.findall("{http://www.w3.org/2000/svg}polygon")
    assert len(polygons) == len(chart.layers)
    figure = life_figure(chart, VOICE)
    assert [len(trace["x"]) for trace in figure["data"]] == [months + 1] * len(chart.layers)


def test_without_months_or_emissions_nothing_is_drawn() -> None:
    assert life_chart(life(0), VOICE) is None
    assert life_chart(ledger([entry("training", 0.0, times_before=1)], service_life_months=3), VOICE) is None


def test_it_says_when_use_passes_training_or_that_it_never_does() -> None:
    assert "After month 23 use has caused more than all training" in " ".join(ledger_in_words(life(36)))
    assert "Use never passes training" in " ".join(ledger_in_words(life(12)))
    alone = ledger([entry("inference", 1.0, times_per_month=1)], service_life_months=2)
    assert not any("training" in sentence for sentence in ledger_in_words(alone)[1:2])
    assert "Quantise" in ledger_in_words(alone)[-1]
