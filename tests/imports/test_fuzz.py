"""Whatever bytes come: a finite measurement or the one refusal, never anything else."""

import math
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimator.imports import Answers, UnreadableFile, read_import

SAMPLES = sorted(
    path.read_bytes()[:3_000]
    for path in (Path(__file__).parent / "samples").rglob("*")
    if path.suffix in (".csv", ".txt", ".log", ".json", ".jsonl") and path.name != "MANIFEST.csv"
)
QUICK = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANSWERS = st.sampled_from([None, Answers(interval_s=1.0, power_unit="W", time_unit="s")])


def outcome(data: bytes, answers: Answers | None = None) -> None:
    try:
        found = read_import(data, answers)
    except UnreadableFile:
        return
    assert math.isfinite(found.energy_kwh) and found.energy_kwh > 0
    assert found.duration_s is None or (math.isfinite(found.duration_s) and found.duration_s >= 0)
    assert 0 <= found.row_errors_count <= found.rows_count
    assert all(str(item) for item in (*found.row_errors, *found.warnings))
    if found.trace:
        assert all(math.isfinite(watts) for watts in found.trace.power_w)


@QUICK
@given(st.binary(max_size=400), ANSWERS)
def test_any_bytes(data: bytes, answers: Answers | None) -> None:
    outcome(data, answers)


@QUICK
@given(st.data(), ANSWERS)
def test_samples_with_bytes_changed(data: st.DataObject, answers: Answers | None) -> None:
    sample = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 6))):
        if not sample:
            break
        start = data.draw(st.integers(0, len(sample) - 1))
        length = data.draw(st.integers(0, 40))
        sample[start : start + length] = data.draw(
            st.one_of(
                st.binary(max_size=20), st.text("0123456789.,;:|-+eE\n\r\t \"'#{}[]ZWJm", max_size=20).map(str.encode)
            )
        )
    outcome(bytes(sample), answers)


CELL = st.one_of(
    st.sampled_from(
        ["time", "watts", "power_w", "energy_kwh", "gpu", "run_id", "JobID", "Elapsed", "", "nan", "-1", "1e400",
         "[N/A]", "2026-03-10T09:00:00Z", "1773133200", "1,5", "1.2 kW", "=1+1", "9" * 400]
    ),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.integers().map(str),
)  # fmt: skip


@QUICK
@given(
    st.lists(st.lists(CELL, min_size=1, max_size=5), min_size=1, max_size=12), st.sampled_from([",", ";", "|", "\t"])
)
def test_any_table(rows: list[list[str]], separator: str) -> None:
    outcome("\n".join(separator.join(row) for row in rows).encode())
