"""What a person typed, made harmless in each format. Every function gives text that the format reads as plain words."""

import json
import re
import unicodedata
from typing import Any, Final
from xml.sax.saxutils import escape

#: Joiners that scripts and emoji need; every other format character, bidirectional overrides first, is dropped.
KEPT_FORMAT_CHARACTERS: Final = "\u200c\u200d"

_MARKDOWN: Final = re.compile(r"[\\`*_{}\[\]|~$@<>&]|(?<=www)\.|:(?=//)", re.IGNORECASE)
_ENTITIES: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_LATEX: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",  # with a backslash alone BibTeX would count it
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",  # the other spelling needs another encoding of fonts
    "`": r"\textasciigrave{}",
}
#: Our own sentences use these; TeX spells them.
_LATEX_TYPOGRAPHY: Final = {
    "×": r"$\times$",
    "÷": r"$\div$",
    "–": "--",
    "₂": r"$_2$",
    "²": r"$^2$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "≈": r"$\approx$",
    "−": "$-$",
}
#: What spreadsheets take for the start of a formula; some take the wide forms of East Asian keyboards too.
_FORMULAS: Final = frozenset("=+-@|%＝＋－＠")


def clean(text: str) -> str:
    """One line of text: no control, override or half character, blanks run together."""
    spaced = (" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in text)
    kept = "".join(
        char
        for char in spaced
        if char in KEPT_FORMAT_CHARACTERS or unicodedata.category(char) not in {"Cf", "Cs", "Cn"}
    )
    return " ".join(kept.split())


def markdown(text: str) -> str:
    """Words within a line of Markdown: no markup, no link, no mathematics, no HTML, no end of a table's cell."""
    return _MARKDOWN.sub(lambda match: _ENTITIES.get(match[0]) or f"\\{match[0]}", clean(text))


def latex(text: str) -> str:
    """Words that TeX prints as they are."""
    return "".join(_LATEX.get(char) or _LATEX_TYPOGRAPHY.get(char, char) for char in clean(text))


def xml(text: str) -> str:
    """Words for an element or an attribute of XML."""
    return escape(clean(text), {'"': "&quot;", "'": "&#39;"})


def yaml(text: str) -> str:
    """A quoted scalar: a string of JSON is one of YAML too, if nothing in it had to be written as two halves."""
    return json.dumps(clean(text), ensure_ascii=False)


def csv(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; quoted where the format needs it."""
    cell = clean(text)
    if cell[:1] in _FORMULAS:
        cell = f"'{cell}"
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\r\n;') else cell


def json_text(value: Any) -> str:
    """A document of JSON; strings in it are cleaned, and NaN is refused."""
    return json.dumps(_cleaned(value), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return clean(value) if isinstance(value, str) else value
