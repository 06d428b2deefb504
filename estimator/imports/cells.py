"""What stands in a cell: numbers with either decimal sign, units, times, durations."""

import math
import re
from calendar import timegm
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z")
_COMMA_NUMBER: Final = re.compile(r"[+-]?(?:\d+,\d*|,\d+)(?:[eE][+-]?\d+)?\Z")
_GROUPED_DOT: Final = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+\Z")
_GROUPED_COMMA: Final = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d+\Z")
_WITH_UNIT: Final = re.compile(r"(.*?)\s*\[?([A-Za-zµμ]+)\]?\Z")

#: Watts, joules and seconds a unit. Case counts where it tells milli from mega.
POWER_W: Final = {"W": 1.0, "mW": 1e-3, "kW": 1e3, "MW": 1e6, "uW": 1e-6, "µW": 1e-6, "μW": 1e-6}
ENERGY_J: Final = {
    "J": 1.0,
    "mJ": 1e-3,
    "uJ": 1e-6,
    "µJ": 1e-6,
    "μJ": 1e-6,
    "kJ": 1e3,
    "MJ": 1e6,
    "Wh": 3.6e3,
    "mWh": 3.6,
    "kWh": 3.6e6,
    "MWh": 3.6e9,
}
_WORDS: Final = {
    "watt": "W",
    "watts": "W",
    "milliwatt": "mW",
    "milliwatts": "mW",
    "kilowatt": "kW",
    "kilowatts": "kW",
    "joule": "J",
    "joules": "J",
    "kwh": "kWh",
    "wh": "Wh",
    "kw": "kW",
    "w": "W",
    "j": "J",
}


def unit_of(word: str) -> str | None:
    """The unit that a word means: "watts" is W, "mW" stays apart from "MW"."""
    if word in POWER_W or word in ENERGY_J:
        return word
    return _WORDS.get(word.lower())


def number(text: str) -> float | None:
    """A finite number with a decimal point, or with a decimal comma where no point stands; else None."""
    text = text.strip()
    if _NUMBER.match(text):
        found = float(text)
    elif _COMMA_NUMBER.match(text):
        found = float(text.replace(",", "."))
    elif _GROUPED_DOT.match(text):
        found = float(text.replace(",", ""))
    elif _GROUPED_COMMA.match(text):
        found = float(text.replace(".", "").replace(",", "."))
    else:
        return None
    return found if math.isfinite(found) else None


def number_and_unit(text: str) -> tuple[float | None, str | None]:
    """A number and the unit behind it: "1.2 kW"; the unit is None where there is none."""
    if not text or text[-1].isdecimal():
        return number(text), None
    plain = number(text)
    if plain is not None:
        return plain, None
    match = _WITH_UNIT.match(text.strip())
    if match is None or (unit := unit_of(match[2])) is None:
        return None, None
    return number(match[1]), unit


def duration_s(text: str) -> float | None:
    """Seconds of "1-00:00:19", "0:00:04.00", "12:40" or "1 day, 0:00:04"."""
    match = re.match(r"(?:(\d{1,6})(?:-| days?, ?))?(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)\Z", text.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = match.groups()
    return int(days or 0) * 86_400 + int(hours or 0) * 3_600 + int(minutes) * 60 + float(seconds)


# Times

_CLOCK: Final = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
_YEAR_FIRST: Final = re.compile(
    r"(\d{4})([-/.]?)(\d{2})\2(\d{2})(?:[T ]\s*" + _CLOCK + r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?\Z"
)
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})[ T,]+" + _CLOCK + r"\s*([AaPp][Mm])?\Z")
_CTIME: Final = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d{1,2}):(\d{2}):(\d{2}) (\d{4})\Z")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: Seconds since 1970, by what unit: no run is older than 1990 or younger than 2100.
_EPOCHS: Final = ((6.3e8, 4.2e9, 1.0), (6.3e11, 4.2e12, 1e-3), (6.3e14, 4.2e15, 1e-6), (6.3e17, 4.2e18, 1e-9))

#: Seconds since 1970, and whether the zone was known.
Moment = tuple[float, bool]


@lru_cache(maxsize=4096)
def _day_s(year: int, month: int, day: int) -> int | None:
    """Seconds from 1970 to the start of a day; None where there is no such day."""
    try:
        return timegm(datetime(year, month, day, tzinfo=UTC).timetuple())
    except ValueError:
        return None


def _moment(
    year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: str | None, zone: str | None
) -> Moment | None:
    day_s = _day_s(year, month, day)
    if day_s is None or hour > 23 or minute > 59 or second > 60:
        return None
    found = day_s + hour * 3600 + minute * 60 + second + (float(f"0.{fraction}") if fraction else 0.0)
    if zone and zone[0] in "+-":
        offset_s = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        found += -offset_s if zone[0] == "+" else offset_s
    return found, bool(zone)


def year_first(text: str) -> Moment | None:
    """2026-03-10T09:00:00.123+01:00, 2026/03/10 09:00:00, 20260310 09:00:00."""
    match = _YEAR_FIRST.match(text)
    if match is None:
        return None
    year, _sign, month, day, hour, minute, second, fraction, zone = match.groups()
    return _moment(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), fraction, zone)


def _year_last(text: str, *, day_first: bool) -> Moment | None:
    match = _YEAR_LAST.match(text)
    if match is None:
        return None
    first, second_part, year, hour, minute, second, fraction, half = match.groups()
    day, month = (first, second_part) if day_first else (second_part, first)
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    return _moment(int(year), int(month), int(day), hours, int(minute), int(second or 0), fraction, None)


def day_first(text: str) -> Moment | None:
    """10.03.2026 09:00:00."""
    return _year_last(text, day_first=True)


def month_first(text: str) -> Moment | None:
    """03/10/2026 9:00:00 AM."""
    return _year_last(text, day_first=False)


def ctime(text: str) -> Moment | None:
    """Tue Mar 10 09:00:00 2026, as C libraries write it."""
    match = _CTIME.match(text.strip())
    if match is None or match[1] not in _MONTHS:
        return None
    month, day, hour, minute, second, year = match.groups()
    return _moment(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), None, None)


def epoch(text: str) -> Moment | None:
    """Seconds, milli-, micro- or nanoseconds since 1970: the size says which."""
    found = number(text)
    if found is not None:
        for low, high, scale in _EPOCHS:
            if low <= found <= high:
                # Whole nanoseconds are more digits than a float holds.
                return (int(text) * scale if text.isdigit() else found * scale), True
    return None


_TIME_FORMS: Final[tuple[Callable[[str], Moment | None], ...]] = (year_first, epoch, day_first, month_first, ctime)


def time_form(texts: Sequence[str]) -> Callable[[str], Moment | None] | None:
    """The way of writing that most of these times share; None where fewer than half are times."""
    best = max(_TIME_FORMS, key=lambda form: sum(form(text) is not None for text in texts))
    hits = sum(best(text) is not None for text in texts)
    return best if texts and hits * 2 >= len(texts) else None


def moment_of(text: str) -> Moment | None:
    """A single time in any of the ways of writing."""
    form = time_form([text.strip()])
    return form(text.strip()) if form else None


def as_datetime(seconds: float) -> datetime | None:
    """A moment as a datetime in UTC."""
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return None
