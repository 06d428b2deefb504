"""
What meters tell, in English that a page can say in another language.

A terminal shows the sentence. A server is sent the same sentence and, beside it under `words`, the template that it was
made from with what was filled in: `{"label": [{"text": "Memory, %(memory_gb)s GB", "params": {"memory_gb": 64}}]}`. It
says what it has in its catalogue in the language of the page, and shows the sentence where it has not: as older meters
send none, and newer ones tell what it does not know.

`from estimator.measure.words import words as _` marks a text for the translation files, too.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Param: TypeAlias = str | int | float
#: A template with its named places, and what goes there.
Sentence: TypeAlias = tuple[str, Mapping[str, Param]]


class Words(str):
    """
    One or more sentences that know what they were made from; everywhere else, a text as any other.

    Parameters
    ----------
    sentences : iterable of (str, mapping)
        Templates, each with what goes into its places.
    """

    __slots__ = ("_sentences",)
    _sentences: tuple[Sentence, ...]

    def __new__(cls, sentences: Iterable[Sentence]) -> "Words":
        """Fill them in, and keep them beside the text."""
        kept = tuple(sentences)
        made = super().__new__(cls, " ".join(_filled(text, params) for text, params in kept))
        made._sentences = kept
        return made

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """What it was made from."""
        return self._sentences

    def __reduce__(self) -> tuple[type["Words"], tuple[tuple[Sentence, ...]]]:
        return Words, (self._sentences,)


def words(text: str, **params: Param) -> Words:
    """One sentence: a template with places as `%(name)s`, and what goes there; a number is rounded already."""
    return Words([(text, params)])


def joined(told: Iterable[Words]) -> Words:
    """Several, one after the other."""
    return Words(sentence for one in told for sentence in one.sentences)


def plain(told: Any) -> Any:
    """
    Told things as data for JSON.

    Parameters
    ----------
    told : Any
        Mappings, sequences, texts and numbers.

    Returns
    -------
    Any
        The same with every text as it reads; what the texts of a mapping were made from stands in it, under `words`.
    """
    if isinstance(told, Mapping):
        made = {name: plain(part) for name, part in told.items()}
        known = {
            name: [{"text": text, "params": dict(params)} for text, params in part.sentences]
            for name, part in told.items()
            if isinstance(part, Words) and part
        }
        return made | {"words": known} if known else made
    if isinstance(told, list | tuple):
        return [plain(part) for part in told]
    return str(told) if isinstance(told, Words) else told


def _filled(text: str, params: Mapping[str, Param]) -> str:
    written = {name: f"{part:.10g}" if isinstance(part, float) else part for name, part in params.items()}
    return text % written if written else text
