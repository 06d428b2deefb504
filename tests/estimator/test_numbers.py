"""Numbers as people type them, and back."""

import pytest

from estimator.forms import numbers


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("79", ".", 79.0),
        (" 12041.51 ", ".", 12041.51),
        ("12,041.51", ".", 12041.51),
        ("12.041,51", ".", 12041.51),
        ("12,041", ".", 12041.0),
        ("1,58", ".", 1.58),
        ("0,125", ".", 0.125),
        ("1,234,567", ".", 1234567.0),
        ("1.234.567", ".", 1234567.0),
        ("12 041,51", ",", 12041.51),
        ("12\u202f041,51", ",", 12041.51),
        ("12.041,51", ",", 12041.51),
        ("12,041.51", ",", 12041.51),
        ("1,125", ",", 1.125),
        ("1.58", ",", 1.58),
        ("0.125", ",", 0.125),
        ("1'000'000", ".", 1e6),
        ("1.5e9", ".", 1.5e9),
        ("1,5E9", ",", 1.5e9),
        (".5", ".", 0.5),
        ("-3", ".", -3.0),
        ("+3", ".", 3.0),
    ],
)
def test_reads_numbers_of_both_decimal_marks(text: str, mark: str, value: float) -> None:
    assert numbers.parse_number(text, decimal_mark=mark) == value


@pytest.mark.parametrize("text", ["12.041", "1.580"])
def test_refuses_what_can_be_read_in_two_ways(text: str) -> None:
    with pytest.raises(numbers.Ambiguous) as refused:
        numbers.parse_number(text, decimal_mark=",")
    for reading in refused.value.readings:
        numbers.parse_number(reading, decimal_mark=",")


@pytest.mark.parametrize(
    "text",
    ["", "x", "nan", "inf", "-inf", "1e999", "1e", "1..2", "1,2,3", "1.2.3,4", "12,34.5", "0x1", "1+1", "9" * 61],
)
@pytest.mark.parametrize("mark", [".", ","])
def test_refuses_what_is_no_number(text: str, mark: str) -> None:
    with pytest.raises(ValueError):
        numbers.parse_number(text, decimal_mark=mark)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("110M", 110_000_000), ("7B", 7_000_000_000), ("7 b", 7_000_000_000), ("1.1B", 1_100_000_000),
        ("1.5e9", 1_500_000_000), ("110 000 000", 110_000_000), ("0.35bn", 350_000_000), ("20k", 20_000),
        ("1.8T", 1_800_000_000_000), ("176,247,000,000", 176_247_000_000), ("2,7B", 2_700_000_000),
    ],
)  # fmt: skip
def test_reads_counts_with_a_suffix(text: str, value: int) -> None:
    assert numbers.parse_count(text) == value


@pytest.mark.parametrize("text", ["M", "7X", "7BM", "seven", "", "7B parameters", "1e305T"])
def test_refuses_counts_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):
        numbers.parse_count(text)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("79", 79.0), ("79 h", 79.0), ("3.5 days", 84.0), ("3,5 días", 84.0), ("3d 4h", 76.0), ("3 d 4 h 30 min", 76.5),
        ("90 min", 1.5), ("1 week", 168.0), ("2 semaines", 336.0), ("2 j", 48.0), ("3600 s", 1.0), ("1,000 h", 1000.0),
    ],
)  # fmt: skip
def test_reads_spans_of_time(text: str, hours: float) -> None:
    assert numbers.parse_hours(text) == pytest.approx(hours, rel=1e-12)


@pytest.mark.parametrize("text", ["5 months", "5 m", "h", "3d 4", "3d h", "-", "4 h x"])
def test_refuses_spans_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):
        numbers.parse_hours(text)


@pytest.mark.parametrize("value", [12041.51, 0.1, 1e-7, 1.58, 1e12, 432.7, 79.0, 1082990.0, 3.0000000001])
@pytest.mark.parametrize("mark", [".", ","])
def test_what_is_written_reads_back_as_itself(value: float, mark: str) -> None:
    try:
        assert numbers.parse_number(numbers.plain(value, decimal_mark=mark), decimal_mark=mark) == value
    except numbers.Ambiguous:
        pytest.fail(f"{value} is written so that it can be read in two ways")


@pytest.mark.parametrize(
    ("text", "share"), [("57", 0.57), ("80 %", 0.8), ("95.5%", 0.955), ("120", 1.2), ("0.1", 1e-3)]
)
def test_reads_shares(text: str, share: float) -> None:
    assert numbers.parse_percent(text) == share


@pytest.mark.parametrize(
    ("value", "text"),
    [(110_000_000, "110M"), (1_500_000_000, "1.5B"), (176_247_000_000, "176.247B"), (10**15, "1000T"), (999, "999"),
     (12_345, "12345"), (123_456_789, "123456789")],
)  # fmt: skip
def test_counts_are_written_short(value: int, text: str) -> None:
    assert numbers.count_text(value) == text
    assert numbers.parse_count(text) == value
