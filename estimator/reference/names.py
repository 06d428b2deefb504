"""How a name that a person types finds its row: spelling, ambiguity, near misses, and search."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, Generic, Literal, TypeVar

from estimator.core.footprint import gettext_noop
from estimator.core.inputs import InputProblem, InputProblems

NamedBy = Literal["id", "name", "alias"]

#: Words that people add or leave out without meaning another device.
NOISE_WORDS: Final = frozenset(
    ("nvidia", "tesla", "geforce", "amd", "radeon", "instinct", "intel", "google", "aws", "amazon", "cloud", "gpu")
    + ("gpus", "graphics", "card", "processor", "cpu", "r", "tm", "corporation", "apple", "habana")
)
MOST_SUGGESTIONS: Final = 5

#: "8 x " before a name and "@ 2.00GHz" after it.
_AROUND_NAME = re.compile(r"^\s*\d+\s*[x×*]\s*(?=\S)|\s*@.*$")


_BETWEEN_WORDS = re.compile(r"[\W_]+")


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """
    A name without case, accents, spaces and punctuation.

    Examples
    --------
    >>> fold("Tesla V100-SXM2 (16 GB)"), fold("España")
    ('teslav100sxm216gb', 'espana')
    """
    plain = text.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
    return "".join(filter(str.isalnum, plain))


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of a name, folded."""
    return tuple(folded for word in _BETWEEN_WORDS.split(text) if (folded := fold(word)))


def without_noise(text: str) -> str:
    """A folded name without vendor words and without a leading count such as "8 x"."""
    return "".join(word for word in words(_AROUND_NAME.sub("", text)) if word not in NOISE_WORDS)


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Found(Generic[Item]):
    """A row, and by which of its names it was found."""

    row: Item
    named_by: NamedBy


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said where a name finds nothing or too much."""

    unknown: str
    near: str
    ambiguous: str


class NameIndex(Generic[Item]):
    """
    Rows by everything that they are called, in one look-up.

    Parameters
    ----------
    entries : iterable of (row, id, name, aliases, ambiguous aliases)
        The rows.
    wording : Wording
        English templates with the places `text` and `near`.

    Raises
    ------
    ValueError
        If a name means two rows and is not marked as ambiguous in both.
    """

    def __init__(
        self, entries: Iterable[tuple[Item, str, str, Sequence[str], Sequence[str]]], *, wording: Wording
    ) -> None:
        self._wording = wording
        self._found: dict[str, Found[Item]] = {}
        self._spelling: dict[str, str] = {}  #: folded name -> id, for suggestions
        self._ambiguous: dict[str, list[str]] = {}
        plain: dict[str, set[str]] = {}
        by_id: dict[str, Found[Item]] = {}
        entries = tuple(entries)
        shared = {fold(alias) for *_, ambiguous in entries for alias in ambiguous}
        for row, id_, name, aliases, ambiguous in entries:
            by_id[id_] = Found(row, "id")
            named: list[tuple[str, NamedBy]] = [(id_, "id"), (name, "name"), *((alias, "alias") for alias in aliases)]
            for text, named_by in named:
                key = fold(text)
                if named_by == "name" and key in shared:  # Georgia is a country and a state
                    continue
                if self._spelling.get(key, id_) != id_:
                    raise ValueError(f"{text!r} means both {self._spelling[key]} and {id_}")
                self._spelling[key] = id_
                self._found.setdefault(key, Found(row, named_by))
                plain.setdefault(without_noise(text), set()).add(id_)
            for alias in ambiguous:
                self._ambiguous.setdefault(fold(alias), []).append(id_)
        for key, meant in self._ambiguous.items():
            if key in self._found or len(meant) < 2:
                raise ValueError(f"{key!r} is marked as ambiguous, but means {self._spelling.get(key, meant[0])} alone")
        # A name without its vendor stands for the row only where no other row claims it.
        for key, ids in plain.items():
            if key and len(ids) == 1 and key not in self._found and key not in self._ambiguous:
                self._found[key] = Found(by_id[next(iter(ids))].row, "alias")

    def exact(self, text: str) -> Found[Item] | None:
        """The row that is called so to the letter, but for case, spaces and punctuation."""
        return self._found.get(fold(text))

    def get(self, text: str) -> Found[Item] | None:
        """The row of a name, None where there is none or more than one."""
        return self._found.get(fold(text)) or (None if self.meanings(text) else self._found.get(without_noise(text)))

    def meanings(self, text: str) -> tuple[str, ...]:
        """Ids of the rows that an ambiguous name may mean; none for any other text."""
        return tuple(self._ambiguous.get(fold(text)) or self._ambiguous.get(without_noise(text)) or ())

    def find(self, text: str, *, path: str) -> Found[Item]:
        """
        The row of a name.

        Parameters
        ----------
        text : str
            What was typed: an id, a name or an alias, in any case and punctuation.
        path : str
            The input that it was typed into.

        Returns
        -------
        Found
            The row and by which name it was found.

        Raises
        ------
        InputProblems
            If the name is unknown, with the nearest ids, or means several rows, with their ids.
        """
        found = self._found.get(fold(text))
        if found is not None:
            return found
        if several := self.meanings(text):
            raise problem(path, self._wording.ambiguous, text, several)
        found = self._found.get(without_noise(text))
        if found is not None:
            return found
        near = self.near(text)
        raise problem(path, self._wording.near if near else self._wording.unknown, text, near)

    def near(self, text: str) -> tuple[str, ...]:
        """Ids of the rows whose names are closest to a text, best first."""
        plain = (without_noise(text) or fold(text))[:60]
        if not plain:
            return ()
        parts = [word for word in words(text) if word not in NOISE_WORDS and len(word) >= 2]
        ids: dict[str, None] = {}
        # What holds the same model number is nearer than what shares its letters, and that than a shared word.
        for stem in (plain, *(part for part in parts if any(map(str.isdigit, part)) and len(part) >= 3)):
            self._collect(stem, ids)
        for spelling in get_close_matches(plain, self._spelling, n=MOST_SUGGESTIONS, cutoff=0.6):
            ids.setdefault(self._spelling[spelling])
        for part in parts:
            self._collect(part, ids)
        return tuple(ids)[:MOST_SUGGESTIONS]

    def _collect(self, stem: str, ids: dict[str, None]) -> None:
        if len(ids) < MOST_SUGGESTIONS:
            for spelling, id_ in self._spelling.items():
                if spelling.startswith(stem) or (len(stem) >= 3 and stem in spelling):
                    ids.setdefault(id_)


def problem(path: str, message: str, text: str, near: Collection[str]) -> InputProblems:
    """One problem with a name."""
    return InputProblems(
        (
            InputProblem(
                path=path,
                message=message,
                text_params={"text": text, "near": "; ".join(near)},
                suggestions=tuple(near),
            ),
        )
    )


@dataclass(frozen=True, slots=True)
class Searchable(Generic[Item]):
    """A row with its names, folded once."""

    row: Item
    text: str  #: all its names, to see at once that it cannot match
    folded: tuple[str, ...]
    words: frozenset[str]


def searchable(row: Item, names: Iterable[str]) -> Searchable[Item]:
    """A row that can be searched by these names."""
    texts = [text for text in names if text]
    folded = tuple(dict.fromkeys(key for text in texts for key in (fold(text), without_noise(text)) if key))
    return Searchable(
        row=row,
        text="\n".join(folded),
        folded=folded,
        words=frozenset(word for text in texts for word in words(text)),
    )


def search(
    items: Sequence[Searchable[Item]], q: str, *, limit: int | None = None, weight: Callable[[Item], int] | None = None
) -> tuple[Item, ...]:
    """
    Rows whose names hold a text: those that begin with it first, then whole words, then any part.

    Parameters
    ----------
    items : sequence of Searchable
        All rows, in the order in which equals are shown.
    q : str
        What was typed; empty for all rows.
    limit : int, optional
        How many at most.
    weight : callable, optional
        Smaller comes first among rows that match equally well.

    Returns
    -------
    tuple of rows
        Best first.
    """
    asked = words(q)
    if not asked:
        rows = tuple(item.row for item in items)
        return rows if q.strip() == "" else ()
    joined = fold(q)
    ranked: list[tuple[int, int, int, int]] = []
    for place, item in enumerate(items):
        possible = joined in item.text or all(word in item.text for word in asked)
        if possible and (rank := _rank(item, joined, asked)) is not None:
            ranked.append((*rank, weight(item.row) if weight else 0, place))
    ranked.sort()
    return tuple(items[place].row for *_, place in ranked[:limit])


def _rank(item: Searchable[Item], joined: str, asked: tuple[str, ...]) -> tuple[int, int] | None:
    if joined in item.folded:
        return (0, 0)
    starts = [len(name) for name in item.folded if name.startswith(joined)]
    if starts:
        return (1, min(starts))
    if all(word in item.words for word in asked):
        return (2, 0)
    if all(any(own.startswith(word) for own in item.words) for word in asked):
        return (3, 0)
    holders = [len(name) for name in item.folded if joined in name]
    if holders:
        return (4, min(holders))
    if len(asked) > 1 and all(any(word in name for name in item.folded) for word in asked):
        return (5, 0)
    return None


ACCELERATOR_WORDING: Final = Wording(
    unknown=gettext_noop(
        "The catalogue has no accelerator “%(text)s”. Search the list, or give its mean draw in watts."
    ),
    near=gettext_noop("The catalogue has no accelerator “%(text)s”. Did you mean one of these: %(near)s?"),
    ambiguous=gettext_noop("“%(text)s” may be any of these accelerators: %(near)s. Choose one."),
)
INSTANCE_WORDING: Final = Wording(
    unknown=gettext_noop("The catalogue has no instance “%(text)s”. Give the accelerator that it has, and how many."),
    near=gettext_noop("The catalogue has no hardware “%(text)s”. Did you mean one of these: %(near)s?"),
    ambiguous=gettext_noop("“%(text)s” may be any of these instances: %(near)s. Choose one."),
)
CPU_WORDING: Final = Wording(
    unknown=gettext_noop("The catalogue has no CPU “%(text)s”. Search the list, or give its mean draw in watts."),
    near=gettext_noop("The catalogue has no CPU “%(text)s”. Did you mean one of these: %(near)s?"),
    ambiguous=gettext_noop("“%(text)s” may be any of these CPUs: %(near)s. Choose one."),
)
MODEL_WORDING: Final = Wording(
    unknown=gettext_noop("The catalogue has no model “%(text)s”. Leave the preset empty and give the size yourself."),
    near=gettext_noop("The catalogue has no model “%(text)s”. Did you mean one of these: %(near)s?"),
    ambiguous=gettext_noop("“%(text)s” may be any of these models: %(near)s. Choose one."),
)
