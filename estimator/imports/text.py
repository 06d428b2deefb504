"""From bytes to lines and cells: encodings, line ends, separators, and the bounds of what is read."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_BYTES, MAX_COLUMNS, MAX_LINE_CHARS, MAX_ROWS, UnreadableFile

_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_SEPARATORS: Final = (",", ";", "\t", "|")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")


def lines_of(data: bytes, notes: Notes) -> list[str]:
    """
    The lines of a file, whatever its encoding and line ends.

    Parameters
    ----------
    data : bytes
        The file.
    notes : Notes
        Is told of what had to be guessed.

    Returns
    -------
    list of str
        Without line ends; blank ones are kept, so that an index plus one is the number of the line.

    Raises
    ------
    UnreadableFile
        If the file is empty, too large, or no text.
    """
    if len(data) > MAX_BYTES:
        raise notes.refuse(
            "too_large",
            _("The file is larger than %(limit)s MB; take a longer interval between readings, or cut it in parts."),
            {"limit": MAX_BYTES // 1_000_000},
        )
    text = _decoded(data, notes)
    if not text.strip():
        raise notes.refuse("empty", _("The file is empty."))
    lines = _LINE_END.split(text)
    if lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > MAX_ROWS:
        raise notes.refuse(
            "too_many_rows", _("The file has more than %(limit)s lines; cut it in parts."), {"limit": MAX_ROWS}
        )
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE_CHARS:
            raise notes.refuse(
                "line_too_long",
                _("Line %(line)s is longer than %(limit)s characters; this is no table of measurements."),
                {"line": number, "limit": MAX_LINE_CHARS},
                line=number,
            )
    return lines


def _decoded(data: bytes, notes: Notes) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _tolerant(data[len(bom) :], encoding)
    # Without a mark: ASCII in UTF-16 has a NUL in every second place.
    head = data[:2000]
    if len(head) >= 8:
        for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
            if zeros.count(0) > 0.8 * len(zeros) and head.count(0) < 0.6 * len(head):
                return _tolerant(data, encoding)
    if b"\x00" in data:
        kept = data.replace(b"\x00", b"")
        if len(data) - len(kept) > 1_000_000 or not kept or _unprintable_share(kept) > 0.02:
            raise _no_text(notes)
        notes.warn(
            "nul_bytes",
            _("The file holds NUL bytes, as after a crash of the machine that wrote it; its end may be missing."),
        )
        data = kept
    if _unprintable_share(data) > 0.02:
        raise _no_text(notes)
    try:
        return data.decode()
    except UnicodeDecodeError:
        notes.warn("not_utf8", _("The file is not UTF-8; it is read as Windows-1252, so names may show wrong letters."))
        return data.decode("cp1252", errors="replace")


def _unprintable_share(data: bytes) -> float:
    sample = data[:100_000]
    controls = sum(sample.count(byte) for byte in range(32) if byte not in (9, 10, 12, 13))
    return controls / max(1, len(sample))


def _tolerant(data: bytes, encoding: str) -> str:
    """A file cut in the middle of a character loses that character only."""
    return data.decode(encoding, errors="ignore" if encoding != "utf-8" else "replace").replace("\x00", "")


def _no_text(notes: Notes) -> UnreadableFile:
    return notes.refuse("not_text", _("This is no text file; give the CSV, log or JSON that the tool wrote, unpacked."))


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one line."""

    line: int
    cells: list[str]


def separator_of(line: str) -> str | None:
    """The character that parts the cells of a header or a row; None where there is only one cell."""
    unquoted = re.sub(r'"[^"]*"', "", line)
    counts = {separator: unquoted.count(separator) for separator in _SEPARATORS}
    # A decimal comma is no separator where something else parts the cells.
    for strong in ("\t", "|", ";"):
        if counts[strong]:
            return strong
    return "," if counts[","] else None


def rows_of(lines: list[str], separator: str, notes: Notes, *, first_line: int = 1) -> Iterator[Row]:
    """
    The rows of a delimited text, each from one line; blank lines are passed over.

    Parameters
    ----------
    lines : list of str
        Lines of the file, from `first_line` on.
    separator : str
        One character.
    notes : Notes
        Takes the refusal of a row with too many columns.
    first_line : int, default 1
        Number of the first of them.

    Yields
    ------
    Row
        Cells without the blanks around them.
    """
    for number, line in enumerate(lines, first_line):
        if not line.strip():
            continue
        if '"' in line:
            try:
                cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
            except (csv.Error, StopIteration):
                cells = line.split(separator)
        else:
            cells = line.split(separator)
        if len(cells) > MAX_COLUMNS:
            raise notes.refuse(
                "too_many_columns",
                _("Line %(line)s has more than %(limit)s columns; this is no table of measurements."),
                {"line": number, "limit": MAX_COLUMNS},
                line=number,
            )
        yield Row(number, [cell.strip() for cell in cells])
