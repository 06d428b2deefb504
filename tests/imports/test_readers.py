"""Traps of single formats, with answers counted by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest

from estimator.imports import MAX_BYTES, MAX_ROW_ERRORS, Answers, ImportedMeasurement, UnreadableFile, read_import
from estimator.imports.cells import duration_s, number, time_form
from estimator.imports.result import MAX_TRACE_POINTS

CODECARBON = "timestamp,project_name,run_id,duration,emissions,cpu_power,gpu_power,ram_power,energy_consumed,pue\n"


def joules(text: str, answers: Answers | None = None) -> float:
    return read_import(text.encode(), answers).energy_kwh * 3.6e6


def codes(found: ImportedMeasurement) -> set[str]:
    return {warning.code for warning in found.warnings}


def refusal(text: str | bytes, answers: Answers | None = None) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        read_import(text.encode() if isinstance(text, str) else text, answers)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5", 1.5), ("1,5", 1.5), ("1,234.5", 1234.5), ("1.234,5", 1234.5), ("-2e-3", -0.002), ("1,5e3", 1500.0),
        ("", None), ("nan", None), ("inf", None), ("1e999", None), ("1_000", None), ("0x10", None), ("1 2", None),
        ("=1+1", None),
    ],
)  # fmt: skip
def test_numbers(text: str, expected: float | None) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1-00:00:19", 86_419), ("0:00:04.50", 4.5), ("12:40", 760), ("1 day, 0:00:04", 86_404), ("soon", None)],
)
def test_durations(text: str, expected: float | None) -> None:
    assert duration_s(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-10T09:00:00Z", "2026-03-10 10:00:00+01:00", "2026/03/10 09:00:00.000", "10.03.2026 09:00:00",
        "20260310 09:00:00", "Tue Mar 10 09:00:00 2026", "1773133200", "1773133200000", "1773133200000000000",
    ],
)  # fmt: skip
def test_times_in_every_way_of_writing(text: str) -> None:
    form = time_form([text])
    moment = form(text) if form else None
    assert moment is not None and moment[0] == datetime(2026, 3, 10, 9, tzinfo=UTC).timestamp()


def test_month_first_where_a_day_above_twelve_says_so() -> None:
    found = read_import(b"time,watts\n03/13/2026 11:59:50 PM,100\n03/14/2026 12:00:00 AM,100\n")
    assert found.energy_kwh * 3.6e6 == pytest.approx(1_000)


def test_a_later_row_of_a_codecarbon_run_replaces_the_earlier_one() -> None:
    rows = "2026-01-01T00:00:10,p,run,10,0.1,100,0,0,0.5,1.0\n2026-01-01T00:00:20,p,run,20,0.2,100,0,0,0.75,1.0\n"
    found = read_import((CODECARBON + rows).encode())
    assert (found.energy_kwh, found.duration_s, found.emissions_kgco2e, found.runs_count) == (0.75, 20, 0.2, 1)


def test_pue_is_taken_out_of_its_own_run() -> None:
    rows = "2026-01-01,a,r1,10,0.1,0,0,0,1.3,1.3\n2026-01-01,b,r2,10,0.1,0,0,0,1.0,1.0\n"
    found = read_import((CODECARBON + rows).encode())
    assert found.includes_pue
    assert found.it_energy_kwh == pytest.approx(2.0, rel=1e-12)
    assert found.pue == pytest.approx(1.15, rel=1e-12)


def test_a_wrong_unit_in_codecarbon_is_noticed() -> None:
    # 100 W for 36 s are 1 Wh; a thousand times more was written.
    found = read_import((CODECARBON + "2026-01-01,a,r,36,0,100,0,0,1.0,1.0\n").encode())
    assert "unit_doubtful" in codes(found)


def test_formula_in_a_name_stays_text() -> None:
    found = read_import((CODECARBON + "2026-01-01,\"=cmd|'/c calc'!A1\",r,36,0,0,0,0,1.0,1.0\n").encode())
    assert found.names == ("=cmd|'/c calc'!A1",)


def test_milliwatts_under_a_watt_header_are_noticed() -> None:
    rows = "".join(f"2026/03/10 09:00:0{i}.000, 0, 250000\n" for i in range(5))
    found = read_import(("timestamp, index, power.draw [W]\n" + rows).encode())
    assert "unit_doubtful" in codes(found)


def test_unnamed_large_powers_are_asked_about() -> None:
    text = "time,power\n0,250000\n1,250000\n"
    assert refusal(text).ask == ("power_unit",)
    assert joules(text, Answers(power_unit="mW")) == pytest.approx(250, rel=1e-12)


def test_large_plain_times_are_asked_about() -> None:
    text = "time,power_w\n0,100\n1000,100\n2000,100\n"
    assert refusal(text).ask == ("time_unit",)
    assert joules(text, Answers(time_unit="ms")) == pytest.approx(200, rel=1e-12)
    assert joules(text, Answers(time_unit="s")) == pytest.approx(200_000, rel=1e-12)


def test_a_named_unit_beats_the_answer() -> None:
    assert joules("time_ms,power_mW\n0,100000\n1000,100000\n", Answers(time_unit="h", power_unit="kW")) == 100


def test_the_whole_is_taken_and_not_added_to_its_parts() -> None:
    assert joules("elapsed_s,cpu_w,gpu_w,total_w\n0,100,200,310\n10,100,200,310\n") == pytest.approx(3_100)


def test_components_are_told_apart() -> None:
    found = read_import(b"elapsed_s,cpu_w,gpu_w\n0,100,200\n3600,100,200\n")
    assert found.energy_by_component_kwh == pytest.approx({"cpu": 0.1, "accelerator": 0.2})


def test_devices_in_one_column_are_integrated_apart() -> None:
    text = "time,device,power_w\n0,a,100\n0,b,10\n10,a,100\n10,b,10\n"
    assert joules(text) == pytest.approx(1_100)


def test_negative_and_nan_powers_are_left_out_and_bridged() -> None:
    found = read_import(b"elapsed_s,power_w\n0,100\n1,-5\n2,nan\n3,100\n")
    assert found.energy_kwh * 3.6e6 == pytest.approx(300)
    assert [error.line for error in found.row_errors] == [3, 4]


def test_rows_out_of_order_are_sorted() -> None:
    rows = [f"2026-03-10T09:00:{second:02}Z,100" for second in (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)]
    found = read_import(("time,watts\n" + "\n".join(rows)).encode())
    assert found.energy_kwh * 3.6e6 == pytest.approx(900)
    assert "out_of_order" in codes(found)


def test_uneven_readings_are_bridged_and_told() -> None:
    rows = "\n".join(f"{time},100" for time in (0, 1, 2, 60, 61, 130, 131, 200))
    found = read_import(("elapsed_s,power_w\n" + rows).encode())
    assert found.energy_kwh * 3.6e6 == pytest.approx(20_000)
    assert "uneven" in codes(found)


def test_time_of_day_passes_midnight() -> None:
    assert joules("time,watts\n23:59:59,100\n00:00:00,100\n00:00:01,100\n") == pytest.approx(200)


def test_energy_of_intervals_is_summed() -> None:
    found = read_import(b"time,energy_wh\n2026-01-01T00:00:00Z,5\n2026-01-01T01:00:00Z,3\n2026-01-01T02:00:00Z,4\n")
    assert found.energy_kwh == pytest.approx(0.012)
    assert "intervals" in codes(found)


def test_a_meter_that_starts_anew_loses_one_interval() -> None:
    found = read_import(b"elapsed_s,energy_kwh\n0,10\n3600,11\n7200,12\n10800,0.5\n14400,1.5\n")
    assert found.energy_kwh == pytest.approx(3.0)
    assert "meter_restarted" in codes(found)


def test_decimal_commas_between_commas_are_refused_with_the_first_row() -> None:
    found = refusal("time,watts\n0,62,5\n1,62,5\n")
    assert found.code == "no_row_fits" and found.line == 2


def test_trace_keeps_the_energy_and_is_bounded() -> None:
    rows = "\n".join(f"{i},{100 + 50 * (i % 7)}" for i in range(5_000))
    found = read_import(("elapsed_s,power_w\n" + rows).encode())
    trace = found.trace
    assert trace is not None and len(trace.power_w) == MAX_TRACE_POINTS
    assert found.duration_s is not None
    width_s = found.duration_s / len(trace.power_w)
    assert float(np.sum(trace.power_w)) * width_s == pytest.approx(found.energy_kwh * 3.6e6, rel=1e-9)


def test_row_errors_are_bounded_and_counted() -> None:
    found = refusal("elapsed_s,power_w\n" + "x,1\n" * 5_000)
    assert len(found.row_errors) == MAX_ROW_ERRORS and found.row_errors_count == 5_000


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"x" * (MAX_BYTES + 1), "too_large"),
        (b"time,watts\n" * 500_002, "too_many_rows"),
        (b"time,watts\n0," + b"1" * 30_000, "line_too_long"),
        (b"time,watts\n" + b"1," * 500 + b"\n2,3\n", "too_many_columns"),
        (bytes(range(256)) * 40, "not_text"),
        (b"PK\x03\x04" + bytes(200), "not_text"),
        (b"hello world\n", "not_recognised"),
        (b"%PDF-1.7\nhello\n", "not_recognised"),
    ],
)
def test_what_is_no_measurement_is_refused_by_name(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_sacct_takes_the_largest_step_only_where_the_job_is_empty() -> None:
    head = "JobID|Elapsed|NNodes|ConsumedEnergyRaw\n"
    assert joules(head + "1|00:10:00|1|\n1.batch|00:10:00|1|5000\n1.0|00:10:00|1|4000\n") == pytest.approx(5_000)
    assert joules(head + "1|00:10:00|1|6000\n1.batch|00:10:00|1|5000\n") == pytest.approx(6_000)
    assert joules(head + "1.0|00:10:00|1|4000\n1.1|00:10:00|1|3000\n") == pytest.approx(4_000)


def test_carbontracker_sums_the_last_block_of_each_run() -> None:
    block = "Actual consumption for 1 epoch(s):\n\tTime:\t0:00:10\n\tEnergy:\t{} kWh\n\tCO2eq:\t{} g\n"
    start = "2026-01-01 00:00:00 - CarbonTracker: The following components were found: CPU with device(s) x.\n"
    text = start + block.format(1, 100) + block.format(2, 200) + start + block.format(4, 400)
    found = read_import(text.encode())
    assert (found.energy_kwh, found.runs_count, found.includes_pue) == (6.0, 2, True)
    assert found.emissions_kgco2e == pytest.approx(0.6)


# --- the hardware that a file tells of --------------------------------------------------------------------------------

Cards = tuple[tuple[str, ...], int | None]


def cards(text: str) -> Cards:
    found = read_import(text.encode())
    return found.accelerator_names, found.accelerator_count


OF_CODECARBON = "timestamp,run_id,duration,emissions,gpu_energy,energy_consumed,country_iso_code,gpu_model,gpu_count\n"


@pytest.mark.parametrize(
    ("rows", "expected", "code"),
    [
        ("t,r,36,0,1,1,FRA,1 x NVIDIA A100,1\n", (("NVIDIA A100",), 1), ""),
        # All cards of the machine: which of them gpu_ids chose is not told.
        ("t,r,36,0,1,1,FRA,4 x NVIDIA A100,4\n", (("NVIDIA A100",), None), "cards_uncounted"),
        ("t,r,36,0,1,1,FRA,Apple M1 Max,1\n", (("Apple M1 Max",), None), "cards_uncounted"),
        # A100 and one x, or A10 and 01 x: several kinds stand together without a sign between them.
        ("t,r,36,0,1,1,FRA,1 x NVIDIA A1001 x NVIDIA H100,2\n", ((), None), ""),
        ("t,r,36,0,0,1,FRA,1 x NVIDIA A100,1\n", ((), None), ""),
        # One of two runs used the card: it ran not for all hours.
        ("t,r,36,0,1,1,FRA,1 x NVIDIA A100,1\nt,s,36,0,0,1,FRA,1 x NVIDIA A100,1\n", (("NVIDIA A100",), None), ""),
    ],
)
def test_codecarbon_names_cards_and_counts_them_where_one_was_all(rows: str, expected: Cards, code: str) -> None:
    assert cards(OF_CODECARBON + rows) == expected
    assert ("cards_uncounted" in codes(read_import((OF_CODECARBON + rows).encode()))) == bool(code)


def test_a_place_is_told_where_all_runs_name_the_same() -> None:
    one, other = "t,r,36,0,0,1,FRA,,\n", "t,s,36,0,0,1,DEU,,\n"
    assert read_import((OF_CODECARBON + one).encode()).place == "FRA"
    assert read_import((OF_CODECARBON + one + other).encode()).place == ""
    cloud = OF_CODECARBON.replace("gpu_model,gpu_count", "cloud_provider,cloud_region")
    assert read_import((cloud + "t,r,36,0,0,1,USA,gcp,us-east1\n").encode()).place == "gcp us-east1"


def test_what_codecarbon_counted_of_its_process_alone_is_told() -> None:
    head = OF_CODECARBON.replace("gpu_count", "tracking_mode")
    assert "process_only" in codes(read_import((head + "t,r,36,0,0,1,FRA,,process\n").encode()))
    assert "process_only" not in codes(read_import((head + "t,r,36,0,0,1,FRA,,machine\n").encode()))


def test_zeus_counts_the_cards_that_it_watched() -> None:
    assert cards("start_time,window_name,elapsed_time,gpu0_energy,gpu3_energy,cpu0_energy\n1,a,2,50,60,7\n") == ((), 2)
    one = '{"time": 2, "gpu_energy": {"0": 50, "3": 60}}'
    assert cards(one) == ((), 2)
    assert cards(f'[{one}, {{"time": 2, "gpu_energy": {{"0": 50}}}}]') == ((), None)


def test_carbontracker_names_its_devices_and_what_its_total_is_of() -> None:
    start = "2026-01-01 00:00:00 - CarbonTracker: The following components were found: {}\n"
    block = "Actual consumption for 1 epoch(s):\n\tTime:\t0:00:10\n\tEnergy:\t1 kWh\n\tCO2eq:\t1 g\n"
    both = start.format("GPU with device(s) NVIDIA A100, NVIDIA A100. CPU with device(s) cpu:0, cpu:1.")
    found = read_import((both + block).encode())
    assert (found.accelerator_names, found.accelerator_count) == (("NVIDIA A100",), 2)
    assert found.undivided == ("accelerator", "cpu") and not found.energy_by_component_kwh
    alone = read_import((start.format("CPU with device(s) cpu:0.") + block).encode())
    assert (alone.accelerator_count, alone.energy_by_component_kwh) == (None, {"cpu": 1.0})
    other = start.format("CPU with device(s) cpu:0.")
    assert read_import((both + block + other + block).encode()).undivided == ()


def test_eco2ai_names_its_cards() -> None:
    head = "id,project_name,start_time,duration(s),power_consumption(kWh),CO2_emissions(kg),GPU_name,region/country\n"
    found = read_import((head + "x,p,2026-01-01 00:00:00,10,1,0.1,NVIDIA A100 2 device(s),FR\n").encode())
    assert (found.accelerator_names, found.accelerator_count, found.place) == (("NVIDIA A100",), 2, "FR")
    assert found.undivided == ("accelerator", "cpu", "memory")
    none = read_import((head + "x,p,2026-01-01 00:00:00,10,1,0.1, 0 device(s),FR\n").encode())
    assert (none.accelerator_names, none.accelerator_count, none.undivided) == ((), None, ("cpu", "memory"))


def test_answers_are_bounded() -> None:
    with pytest.raises(ValueError, match="interval_s"):
        Answers(interval_s=0)
