"""The report: from a footprint to the bytes of its PDF, the first time in a process and later."""

import time
from datetime import UTC, datetime

from estimator.services import calculate
from reports import wording
from reports.pdf import render_pdf, report_html
from tests.bench.conftest import Table
from tests.bench.workloads import BERT_BASE

TIMES_COUNT = 6


def test_pdf(table: Table) -> None:
    """The worker imports WeasyPrint once; that is in the first time."""
    footprint = calculate(workload=BERT_BASE)
    times_s = []
    for _ in range(TIMES_COUNT):
        start = time.perf_counter()
        summary = wording.summary_of(footprint)
        html = report_html(
            summary=summary, charts=wording.charts_in_words(summary), made_at=datetime(2026, 11, 24, tzinfo=UTC)
        )
        pdf = render_pdf(html, identifier=footprint.input_digest)
        times_s.append(time.perf_counter() - start)
        assert pdf.startswith(b"%PDF")
    table.add("PDF, first", times_s[:1])
    table.add("PDF, later", times_s[1:], against="PDF, first")
