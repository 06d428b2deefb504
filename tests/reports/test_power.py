"""Power over time: what a measurement's sums become, and how they are drawn."""

import doctest
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pikepdf
import pytest
from django.utils import timezone, translation

from estimator import services as estimates
from estimator.models import Measurement, SampleSum
from reports import services, wording
from reports.charts import light_colours, power
from reports.charts.power import PowerCurve, PowerPoint, power_alt, power_svg
from reports.services.power import MOST_STRETCHES, power_curve
from tests.reports.test_pdf import text_of

CURVE = PowerCurve(
    (PowerPoint(0.0, 0.5, 300.0, 450.0), PowerPoint(0.5, 1.0, 500.0, 600.0), PowerPoint(2.0, 3.0, 100.0, 100.0))
)


def test_the_examples_hold() -> None:
    assert doctest.testmod(power).failed == 0


def test_the_drawing_keeps_the_gap_and_says_what_it_shows() -> None:
    with translation.override("en"):
        root = ET.fromstring(power_svg(CURVE, wording.VOICE, width=720, colours=light_colours()))
        alt = power_alt(CURVE, wording.VOICE).replace("\u00a0", " ")
    assert root[0].text is not None and root[0].text.replace("\u00a0", " ") == alt
    assert alt == "Over 3.00 h the power was 250 W on average and 600 W at its highest."
    assert len([element for element in root.iter() if element.tag.endswith("path")]) == 2 * 2


def test_a_short_run_counts_seconds_and_not_hundredths_of_a_minute() -> None:
    curve = PowerCurve((PowerPoint(0.0, 6.0 / 3_600.0, 23.5, 24.9),))
    with translation.override("en"):
        drawn = power_svg(curve, wording.VOICE, width=720, colours=light_colours()).replace("\u00a0", " ")
    assert "Over 6.00 s the power was" in drawn
    assert [f">{passed} s</text>" in drawn for passed in (2, 4)] == [True, True]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_url")
@pytest.mark.parametrize(
    ("target", "footprint_of", "drawn_w", "is_said"),
    [("machine", "process", 200.0, True), ("machine", "", 200.0, False), ("machine", "machine", 200.0, False),
     ("process", "", 50.0, False), ("process", "process", 50.0, False), ("process", "machine", 200.0, False)],
)  # fmt: skip
def test_the_curve_is_of_what_the_footprint_is_of_or_says_that_it_is_not(
    target: str, footprint_of: str, drawn_w: float, is_said: bool
) -> None:
    estimate = estimates.submit_estimate(workload=estimates.EXAMPLE)
    components = [{"name": "cpu_package:0", "counted": target == "machine"}]
    components += [{"name": "process:cpu_package:0", "counted": True}] if target == "process" else []
    row = Measurement.objects.create(
        result=estimate, created_at=timezone.now(), components=components, target=target, pid=7,
        footprint_of=footprint_of,
    )  # fmt: skip
    energies_j = {"cpu_package:0": 2_000.0, "process:cpu_package:0": 500.0}
    SampleSum.objects.create(
        measurement=row, step_s=10, bucket=0, covered_s=10.0, energies_j=energies_j, peaks_w=energies_j
    )
    curve = power_curve(estimate_id=estimate.id)
    assert curve is not None
    assert curve.mean_w == pytest.approx(drawn_w) and curve.exceeds_footprint == is_said


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_url")
def test_a_measured_run_has_its_curve_in_its_report(tmp_path: Path) -> None:
    estimate = estimates.submit_estimate(workload=estimates.EXAMPLE)
    estimates.run_estimate(estimate_id=estimate.id, worker="test")
    assert power_curve(estimate_id=estimate.id) is None
    components = [{"name": "gpu0", "counted": True}, {"name": "gpu0.memory", "counted": False}]
    row = Measurement.objects.create(result=estimate, created_at=timezone.now(), components=components)
    for step_s, count in ((10, MOST_STRETCHES + 1), (60, 3)):
        SampleSum.objects.bulk_create(
            SampleSum(
                measurement=row,
                step_s=step_s,
                bucket=bucket,
                covered_s=step_s / 2,
                energies_j={"gpu0": 200.0 * step_s / 2, "gpu0.memory": 1e6},
                peaks_w={"gpu0": 300.0, "gpu0.memory": 1e6},
            )
            for bucket in range(count)
        )
    curve = power_curve(estimate_id=estimate.id)
    assert curve is not None and len(curve.points) == 3
    assert curve.most_w == 300.0
    row.started_at_s, row.last_time_s, row.footprint_of = 1_000.0, 1_150.0, "process"
    row.save()
    ended = power_curve(estimate_id=estimate.id)
    assert ended is not None and ended.end_h == pytest.approx(150.0 / 3_600.0), "a stretch ends with its last sample"
    assert [curve.mean_w, curve.end_h] == pytest.approx([200.0, 0.05])
    asked = services.request_report(estimate_id=estimate.id, language="en")
    assert services.run_report(report_id=asked.id, worker="test")
    asked.refresh_from_db()
    with pikepdf.open(io.BytesIO(bytes(asked.pdf or b""))) as document, document.open_outline() as outline:
        assert "Power over time" in [item.title for item in outline.root]
    told = " ".join("\n".join(text_of(bytes(asked.pdf or b""), tmp_path)).split())
    assert "It is the power of the whole machine; the footprint is of the share that is attributed" in told
