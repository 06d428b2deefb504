"""Numbers as people type them, and back: decimal comma or point, 110M, 3d 4h. What reads in two ways is refused."""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from estimator.core.units import H_PER_YEAR, S_PER_H

_SPACES: Final = re.compile(r"[\s\u00a0\u2007\u2009\u202f'’_]+")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?", re.IGNORECASE)
_GROUPED: Final = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+") for mark in ".,"}

_COUNT_SUFFIX: Final = {"k": 3, "m": 6, "mio": 6, "b": 9, "g": 9, "bn": 9, "t": 12}
_COUNT: Final = re.compile(r"(?P<number>.*?\d)\s*(?P<suffix>[a-z]*)", re.IGNORECASE)

_H_PER_DAY: Final = H_PER_YEAR / 365
_HOURS_PER: Final = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "hora", "horas", "heure", "heures"), 1.0),
    **dict.fromkeys(("d", "day", "days", "dia", "dias", "día", "días", "j", "jour", "jours"), _H_PER_DAY),
    **dict.fromkeys(("w", "week", "weeks", "semana", "semanas", "semaine", "semaines"), 7 * _H_PER_DAY),
    **dict.fromkeys(("min", "mins", "minute", "minutes", "minuto", "minutos"), 60 / S_PER_H),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "segundo", "segundos"), 1 / S_PER_H),
}
_SPAN: Final = re.compile(r"\s*(?P<number>[\d.,]+)\s*(?P<unit>[^\W\d_]+)\s*")

#: Longer than any number that is meant; a hostile text is not even looked at.
_LONGEST: Final = 60
#: Longer than a list with a number for each hour of a year.
_LONGEST_LIST: Final = 200_000


class NotANumber(ValueError):
    """No number at all."""


class Ambiguous(ValueError):
    """A number that can be read in two ways; `readings` writes both so that each is clear."""

    def __init__(self, *readings: str) -> None:
        super().__init__(" / ".join(readings))
        self.readings = readings


def parse_number(text: str, *, decimal_mark: str = ".") -> float:
    """
    The number in a text, with a decimal point or a decimal comma.

    Where both marks occur the last one is the decimal mark. A single mark that is not the reader's own is a decimal
    mark too, unless exactly three digits follow: English "12,041" groups thousands, and "12.041" could be meant in both
    ways by someone whose decimal mark is the comma.

    Raises
    ------
    NotANumber, Ambiguous
        Both are a ValueError.
    """
    if len(text) > _LONGEST:
        raise NotANumber
    bare = _SPACES.sub("", text)
    other = "," if decimal_mark == "." else "."
    if "." in bare and "," in bare:
        decimal, group = (".", ",") if bare.rindex(".") > bare.rindex(",") else (",", ".")
        whole, _, rest = bare.rpartition(decimal)
        if not _GROUPED[group].fullmatch(whole):
            raise NotANumber
        bare = whole.replace(group, "") + "." + rest
    elif bare.count(other) > 1 or bare.count(decimal_mark) > 1:
        mark = other if other in bare else decimal_mark
        if not _GROUPED[mark].fullmatch(bare):
            raise NotANumber
        bare = bare.replace(mark, "")
    elif other in bare and _GROUPED[other].fullmatch(bare):
        if other == ".":
            raise Ambiguous(bare.replace(".", ""), bare.replace(".", ","))
        bare = bare.replace(other, "")
    bare = bare.replace(",", ".")
    if bare.startswith("."):
        bare = "0" + bare
    if not _NUMBER.fullmatch(bare):
        raise NotANumber
    number = float(bare)
    if not math.isfinite(number):
        raise NotANumber
    return number


def parse_percent(text: str, *, decimal_mark: str = ".") -> float:
    """The share in "85" or "85 %"."""
    # By way of Decimal, so that what was typed comes back as it was typed.
    return float(Decimal(repr(parse_number(text.strip().removesuffix("%"), decimal_mark=decimal_mark))) / 100)


def parse_count(text: str, *, decimal_mark: str = ".") -> float:
    """The number in "110M", "7B", "1.5e9" or "110 000 000"; k, M, B or G, and T are powers of a thousand."""
    match = _COUNT.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        raise NotANumber
    suffix = match["suffix"].lower()
    if suffix and suffix not in _COUNT_SUFFIX:
        raise NotANumber
    number = parse_number(match["number"], decimal_mark=decimal_mark)
    # By way of Decimal, so that 1.1B is 1,100,000,000 and not a hair beside it.
    count = float(Decimal(repr(number)).scaleb(_COUNT_SUFFIX.get(suffix, 0)))
    if not math.isfinite(count):
        raise NotANumber
    return count


def parse_hours(text: str, *, decimal_mark: str = ".") -> float:
    """The hours in "79", "79 h", "3.5 days", "3d 4h" or "90 min"."""
    if len(text) > _LONGEST:
        raise NotANumber
    hours, at = 0.0, 0
    while match := _SPAN.match(text, at):
        per = _HOURS_PER.get(match["unit"].lower())
        if per is None:
            break
        hours += parse_number(match["number"], decimal_mark=decimal_mark) * per
        at = match.end()
    if at and at == len(text):
        return hours
    return parse_number(text, decimal_mark=decimal_mark)


def parse_list(text: str, *, decimal_mark: str = ".") -> tuple[float, ...]:
    """The numbers in "420 415.5 398": with spaces, line breaks, semicolons, or commas and spaces between them."""
    words = [word for word in re.split(r"[\s;]+|,\s+", text[:_LONGEST_LIST]) if word]
    return tuple(parse_number(word, decimal_mark=decimal_mark) for word in words)


def list_text(values: Iterable[float], *, decimal_mark: str = ".") -> str:
    """Numbers as a person would type them, with spaces between them."""
    return " ".join(plain(value, decimal_mark=decimal_mark) for value in values)


def plain(value: float, *, decimal_mark: str = ".") -> str:
    """A number as a person would type it, every digit kept: 12041.51, not 1.204151e4."""
    digits = format(Decimal(repr(value)), "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits.replace(".", decimal_mark)


def count_text(value: int, *, decimal_mark: str = ".") -> str:
    """A count as a person would type it: 110M, 1.5B, 12345."""
    for suffix, power in (("T", 12), ("B", 9), ("M", 6)):
        if value >= 10**power:
            scaled = Decimal(value).scaleb(-power)
            if scaled == round(scaled, 3):
                return format(scaled.normalize(), "f").replace(".", decimal_mark) + suffix
    return str(value)
