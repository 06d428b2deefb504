"""What the meters of a machine tell, in the active language: why one does not work, what it measures, what to know."""

import re
from collections.abc import Mapping
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext
from pydantic import TypeAdapter

from estimator.core.inventory import Sentence, Sentences
from estimator.measure.meters import NAMES
from estimator.measure.samplers import KIND_NAMES
from estimator.worker.protocol import PROCESS

_SENTENCES: Final[TypeAdapter[dict[str, list[Sentence]]]] = TypeAdapter(Sentences)
_PLACE: Final = re.compile(r"%\(([a-z_]+)\)s")


def text_of(about: Any, name: str) -> str:
    """
    One text of what a machine told, in the active language.

    Parameters
    ----------
    about : Any
        A meter, a component or a card, as it was sent and is kept.
    name : str
        Of the text: "label", "note", "reason", "remedy", or "name" of a card.

    Returns
    -------
    str
        By our catalogue where it knows all templates of the text, else the English that was sent. It is as little to be
        trusted as its sender: to be escaped where it is shown.
    """
    if not isinstance(about, Mapping):
        return ""
    sent = about.get(name)
    known = [_translated(sentence) for sentence in _SENTENCES.validate_python(about.get("words", {})).get(name, [])]
    if known and None not in known:
        return " ".join(filter(None, known))
    return sent if isinstance(sent, str) else ""


def _translated(sentence: Sentence) -> str | None:
    """None where the catalogue does not know it, or something else belongs into its places."""
    text = gettext(sentence.text)
    places = set(sentence.params)
    if text == sentence.text or any(set(_PLACE.findall(one)) != places for one in (text, sentence.text)):
        return None
    # Nothing but these places: another sign of percent would be read as one more.
    if not places:
        return text
    if "%" in _PLACE.sub("", text):
        return None
    return text % {name: _written(filling) for name, filling in sentence.params.items()}


def _written(filling: str | int | float) -> str:
    if isinstance(filling, str):
        return filling
    return str(number_format(int(filling) if float(filling).is_integer() else filling))


def meter_name(name: Any) -> str:
    """What people call a kind of meter; one that we do not know, by its own name."""
    return gettext(NAMES[name]) if isinstance(name, str) and name in NAMES else str(name)


def component_name(part: Any) -> str:
    """What people call a component: as its meter does, else by its kind and number."""
    if label := text_of(part, "label"):
        return label
    name = text_of(part, "name").removeprefix(PROCESS)
    kind, _, number = name.partition(":")
    return f"{gettext(KIND_NAMES[kind])} {number}".strip() if kind in KIND_NAMES else name
