"""Which tool wrote a file, by what stands in it; and the one door to all readers."""

from collections.abc import Callable
from typing import Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports import carbontracker, codecarbon, ipmi, nvidia_smi, other_tools, perf, plain, sacct, zeus
from estimator.imports.answers import Answers
from estimator.imports.notes import Notes
from estimator.imports.result import ImportedMeasurement
from estimator.imports.text import lines_of

_Reader = Callable[[list[str], Notes, Answers], ImportedMeasurement]


def _without_answers(read: Callable[[list[str], Notes], ImportedMeasurement]) -> _Reader:
    return lambda lines, notes, _answers: read(lines, notes)


#: The most particular first; a plain table is what none of them knows.
_READERS: Final[tuple[tuple[Callable[[list[str]], bool], _Reader], ...]] = (
    (codecarbon.recognises, _without_answers(codecarbon.read)),
    (other_tools.recognises_eco2ai, _without_answers(other_tools.read_eco2ai)),
    (other_tools.recognises_green_algorithms, _without_answers(other_tools.read_green_algorithms)),
    (carbontracker.recognises, _without_answers(carbontracker.read)),
    (zeus.recognises_windows, _without_answers(zeus.read_windows)),
    (zeus.recognises_json, _without_answers(zeus.read_json)),
    (nvidia_smi.recognises_dmon, nvidia_smi.read_dmon),
    (perf.recognises, _without_answers(perf.read)),
    (sacct.recognises, _without_answers(sacct.read)),
    (ipmi.recognises, _without_answers(ipmi.read)),
    (nvidia_smi.recognises_query, nvidia_smi.read_query),
    (plain.recognises, plain.read),
)
#: What tools say instead of data.
_COMPLAINTS: Final = (
    "nvidia-smi has failed",
    "is not a valid field to query",
    "sacct: error",
    "dcmi request failed",
    "command not found",
)


def read_import(data: bytes, answers: Answers | None = None) -> ImportedMeasurement:
    """
    The measurement that a file holds.

    Parameters
    ----------
    data : bytes
        The file as it was uploaded.
    answers : Answers, optional
        What its owner says where the file says nothing.

    Returns
    -------
    ImportedMeasurement
        Its energy, with the rows that were left out and what should be known.

    Raises
    ------
    UnreadableFile
        If it gives no energy, with the reason and the remedy.
    """
    notes = Notes()
    lines = lines_of(data, notes)
    for recognises, read in _READERS:
        if recognises(lines):
            return read(lines, notes, answers or Answers())
    head = " ".join(lines[:5])[:2000].lower()
    if any(complaint in head for complaint in _COMPLAINTS):
        raise notes.refuse(
            "error_text",
            _("The file holds the error message of a tool instead of a measurement; mend its cause and log again."),
            line=1,
        )
    raise notes.refuse(
        "not_recognised",
        _(
            "This is no file that can be read here: CodeCarbon, carbontracker, Zeus, nvidia-smi, sacct, perf, "
            "ipmitool, eco2AI, Green Algorithms, or a table of times and watts."
        ),
        line=1,
    )
