"""
The report: from a footprint to the bytes of its PDF, beside one paragraph set by WeasyPrint in the same process.

Each report over many runs is made in a process of its own, so that the peak of its memory is its own.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from config.launch.site import ROOT
from estimator.services import calculate
from reports.document import write_report
from reports.options import ReportOptions
from reports.pdf import render_pdf
from tests.bench.conftest import Table
from tests.bench.workloads import BERT_BASE

TIMES_COUNT = 6
PARAGRAPH = "<!doctype html><html lang=en><title>One</title><p>One paragraph of a few words, and nothing beside it.</p>"

#: Run by itself: how many runs, then one line of JSON with the seconds, the peak and the pages.
MANY = """
import json, resource, sys, time
import django
django.setup()
from datetime import UTC, date, datetime
from estimator.services import calculate
from reports.attachments import RunFiles
from reports.collection import run_row
from reports.document import write_collection
from reports.exports import StoredRun
from reports.options import ReportOptions
from tests.bench.workloads import BERT_BASE

count = int(sys.argv[1])
made = calculate(workload=BERT_BASE)
files, rows, start_s = RunFiles(), [], time.perf_counter()
for number in range(1, count + 1):
    one = made.model_copy(update={"title": f"Run {number}", "input_digest": f"{number:064x}"})
    files.add(StoredRun(str(number), datetime(2026, 11, 24, tzinfo=UTC), one))
    rows.append(run_row(one, number=number, estimate_id=str(number), made_on=date(2026, 1 + number % 12, 1)))
pdf = write_collection(
    rows, files=files, title="All", options=ReportOptions(), made_at=datetime(2026, 11, 24, tzinfo=UTC)
)
unit = 1 if sys.platform == "darwin" else 1024
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
print(json.dumps({"elapsed_s": time.perf_counter() - start_s, "peak_mb": peak_mb, "size_mb": len(pdf) / 1e6}))
"""


def test_pdf(table: Table) -> None:
    """The worker imports WeasyPrint once; that is in the first time."""
    footprint = calculate(workload=BERT_BASE)
    reports_s: list[float] = []
    paragraphs_s: list[float] = []
    for _ in range(TIMES_COUNT):
        start_s = time.perf_counter()
        pdf = write_report(
            footprint,
            options=ReportOptions(site="https://wattprint.example"),
            made_at=datetime(2026, 11, 24, tzinfo=UTC),
            location=BERT_BASE.location,
        )
        reports_s.append(time.perf_counter() - start_s)
        assert pdf.startswith(b"%PDF")
        start_s = time.perf_counter()
        render_pdf(PARAGRAPH, identifier="paragraph")
        paragraphs_s.append(time.perf_counter() - start_s)
    table.add("one paragraph by WeasyPrint", paragraphs_s)
    table.add("PDF, first", reports_s[:1], against="one paragraph by WeasyPrint")
    table.add("PDF, later", reports_s[1:], against="one paragraph by WeasyPrint")


@pytest.mark.parametrize("count", [100, 500])
def test_many_runs(table: Table, count: int) -> None:
    """Time and memory of a long report."""
    done = subprocess.run(
        [sys.executable, "-c", MANY, str(count)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["peak_mb"] < 1000
    name = f"PDF over {count} runs, peak {told['peak_mb']:.0f} MB"
    table.add(name, [told["elapsed_s"]], against="one paragraph by WeasyPrint")
