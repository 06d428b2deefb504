"""The charts: what they say, and that both drawings say it."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import translation

from estimator.core.footprint import Footprint, Range
from reports import wording
from reports.charts import Chart, charts_of, light_colours, plotly_figure, regions_chart, svg, tornado_chart
from reports.charts.svg import TOKENS
from reports.summary import RegionRow, Regions, summarise
from reports.swings import Swing
from tests.reports.conftest import make_footprint
from tests.reports.test_summary import RUNS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def charts(footprint: Footprint) -> dict[str, Chart]:
    with translation.override("en"):
        return {chart.name: chart for chart in charts_of(summarise(footprint, published=RUNS), wording.VOICE)}


def test_there_are_three_and_each_has_a_sentence_with_its_figures(charts: dict[str, Chart]) -> None:
    assert list(charts) == ["parts", "published", "range"]
    alt = {name: chart.alt.replace("\u00a0", " ") for name, chart in charts.items()}
    assert "672 kg CO₂e" in alt["parts"] and "Accelerators 394 kg CO₂e · 59 %" in alt["parts"]
    assert "1,503 kWh; 1 of 3 published" in alt["published"] and "BERT base with 1,507 kWh" in alt["published"]
    assert "Carbon intensity of the grid 62 %" in alt["range"]


def test_the_figure_is_plain_json_with_the_central_values(charts: dict[str, Chart]) -> None:
    figures = {name: json.loads(json.dumps(plotly_figure(chart), allow_nan=False)) for name, chart in charts.items()}
    assert figures["parts"]["data"][0]["x"] == [mark.amount for mark in charts["parts"].marks]
    assert sum(figures["parts"]["data"][0]["x"]) == pytest.approx(672.0, rel=1e-4)
    published = {y: x for trace in figures["published"]["data"] for x, y in zip(trace["x"], trace["y"], strict=True)}
    assert [published[y] for y in range(4)] == [27.0, pytest.approx(1503.0212782), 1507.0, 1_287_000.0]
    (span,) = figures["published"]["layout"]["shapes"]
    assert (span["x0"], span["x1"]) == (pytest.approx(1503.0212782 * 0.88), pytest.approx(1503.0212782 * 1.12))


def test_a_figure_asks_for_no_style_that_the_policy_forbids(charts: dict[str, Chart]) -> None:
    for chart in charts.values():
        assert not re.search(r"<(?!br>)", json.dumps(plotly_figure(chart), ensure_ascii=False))


def test_the_script_marks_every_style_element_that_plotly_would_write() -> None:
    import plotly

    bundle = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    written = re.findall(
        r'document\.getElementById\("([0-9a-f]{64})"\)\)\{var \w+=document\.createElement\("style"', bundle
    )
    script = (ROOT / "reports" / "static" / "reports" / "charts.js").read_text(encoding="utf-8")
    assert written, "Plotly writes its styles in another way now: look at it in a browser with the policy on"
    assert all(mark in script for mark in written)


def test_drawings_are_the_same_each_time_and_hold_nothing_foreign(charts: dict[str, Chart]) -> None:
    for chart in charts.values():
        drawing = svg(chart, colours=light_colours())
        assert drawing == svg(chart, colours=light_colours())
        root = ET.fromstring(drawing)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "title", "text", "rect", "line", "circle", "polygon"}
        assert not {name for element in root.iter() for name in element.attrib if "style" in name or "href" in name}
        text = " ".join(element.text or "" for element in root.iter())
        for mark in chart.marks:
            assert mark.label in text and mark.text in text


def test_on_a_page_the_scheme_decides_the_colours(charts: dict[str, Chart]) -> None:
    drawing = svg(charts["parts"])
    assert 'fill="var(--chart-1)"' in drawing and "#" not in drawing


def test_every_colour_is_a_token(charts: dict[str, Chart]) -> None:
    known = set(re.findall(r"--([\w-]+):", TOKENS.read_text(encoding="utf-8")))
    asked = {
        name for chart in charts.values() for name in re.findall(r"var\(--([\w-]+)\)", json.dumps(plotly_figure(chart)))
    }
    asked |= {name for chart in charts.values() for name in re.findall(r"var\(--([\w-]+)\)", svg(chart))}
    assert {"ink", "accent", "chart-1"} <= asked <= known
    assert light_colours()["ink"].startswith("#")


def test_paper_says_what_a_drawing_shows_and_a_page_says_it_once(charts: dict[str, Chart]) -> None:
    for chart in charts.values():
        on_paper = ET.fromstring(svg(chart, colours=light_colours()))
        assert on_paper[0].tag.endswith("title") and on_paper[0].text == chart.alt
        assert not [element for element in ET.fromstring(svg(chart)).iter() if element.tag.endswith("title")]


def test_a_tornado_has_both_ends_of_each_input_around_the_total(footprint: Footprint) -> None:
    swings = (
        Swing("pue", "PUE", at_low_kgco2e=600.0, at_high_kgco2e=750.0),
        Swing("lifetime_years", "Service life", at_low_kgco2e=700.0, at_high_kgco2e=650.0),
    )
    with translation.override("en"):
        chart = tornado_chart(replace(summarise(footprint), swings=swings), wording.VOICE)
    assert chart is not None and chart.centre == footprint.result.total_kgco2e.central
    assert [mark.text.replace("\u00a0", " ") for mark in chart.marks] == ["600–750 kg CO₂e", "650–700 kg CO₂e"]
    assert chart.reach == (600.0, 750.0)
    figure = json.loads(json.dumps(plotly_figure(chart), allow_nan=False))
    central = chart.centre
    assert figure["data"][0]["base"] == [600.0, central, pytest.approx(central), 650.0]
    assert figure["data"][0]["x"] == pytest.approx([central - 600, 750 - central, 700 - central, central - 650])
    bars = [element for element in ET.fromstring(svg(chart)).iter() if element.tag.endswith("rect")]
    assert len(bars) == 2 + 4  # two keys, and two pieces a line


def test_regions_stand_in_their_order_with_this_run_among_them(footprint: Footprint) -> None:
    regions = Regions("countries", 30, (RegionRow("Norway", 28.0, 64.0), RegionRow("Poland", 600.0, 923.0)))
    with translation.override("en"):
        chart = regions_chart(summarise(footprint, regions=regions), wording.VOICE)
    assert chart is not None
    assert [mark.label for mark in chart.marks] == ["Norway", "This run", "Poland"]
    assert "64.0 kg CO₂e in Norway and 923 kg CO₂e in Poland" in chart.alt.replace("\u00a0", " ")


def test_hostile_labels_are_text_in_both_drawings(charts: dict[str, Chart]) -> None:
    chart = charts["parts"]
    hostile = "<script>alert(1)</script>&\"'"
    marked = replace(chart, marks=(replace(chart.marks[0], label=hostile), *chart.marks[1:]), alt=hostile)
    assert "<script" not in svg(marked)
    assert "<script" not in json.dumps(plotly_figure(marked))
    ET.fromstring(svg(marked))


def test_a_label_that_is_too_long_makes_room_for_its_number(charts: dict[str, Chart]) -> None:
    chart = charts["parts"]
    marked = replace(chart, marks=(replace(chart.marks[0], label="Versorgungsinfrastruktur " * 5),))
    assert "…" in svg(marked, width=310)


def test_nothing_to_show_is_no_chart() -> None:
    nothing = Range(low=0.0, central=0.0, high=0.0)
    still = make_footprint(activity="inference", contributions=())
    still = still.model_copy(update={"result": still.result.model_copy(update={"total_kgco2e": nothing})})
    assert charts_of(summarise(still, published=RUNS), wording.VOICE) == ()
