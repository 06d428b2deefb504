"""
What the catalogue says about a processor, its memory and a place.

The catalogue takes half a second and 45 MB to load, which a measured command must not pay. So a process of its own is
asked, once, and its answer is kept until the tables change.
"""

import contextlib
import json
import os
import re
import sys
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from estimator.core import ENGINE_VERSION
from estimator.measure.own import ROOT, own_python
from estimator.measure.state import state_folder, write_whole

DATA_FOLDER: Final = ROOT / "estimator" / "reference" / "data"
LONGEST_LOOKUP_S: Final = 60.0
#: The cache is small, and a place asked for once is seldom asked for again.
MOST_KEPT_COUNT: Final = 200

#: What systems add to the name of a processor. Compiled where it is used: a measured command does not wait for it.
_ADDED: Final = r"\b\d+-Core\b|\bwith\b.*|\b\d+th Gen\b|\(R\)|\(TM\)"


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be looked up."""

    cpu: str = ""  #: as the system names it
    place: str = ""  #: a country, a grid zone or a cloud region, by name or code; empty is anywhere in the world
    grid_intensity_gco2e_per_kwh: float | None = None  #: given, beats the place


@dataclass(frozen=True, slots=True)
class Figure:
    """One value with its range, and who published it."""

    low: float
    central: float
    high: float
    unit: str
    status: str  #: given, looked_up or default
    match: str | None
    note: str
    sources: tuple[str, ...]  #: "Ember, Yearly electricity data (2026), https://…"

    @property
    def range(self) -> tuple[float, float, float]:
        """Its 5th percentile, central value and 95th percentile."""
        return self.low, self.central, self.high


@dataclass(frozen=True, slots=True)
class Figures:
    """The answer."""

    cpu_name: str  #: of the row that was found; empty where none was
    core_power_w: Figure  #: limit of one physical core
    memory_power_w_per_gb: Figure
    grid_intensity_gco2e_per_kwh: Figure
    place: str
    location: dict[str, str]  #: the same place as an estimate names it; empty where none was given
    dataset_version: str


class UnknownFigure(ValueError):
    """The catalogue cannot answer: why, and what may have been meant."""


class Lookup:
    """
    A question on its way: answered when the answer is needed, or at once where it was answered before.

    Parameters
    ----------
    question : Question
        Which processor, and where.
    asks : bool, default True
        Whether to ask the catalogue at once what is not known from before; else `ask` does it later.
    """

    def __init__(self, question: Question, *, asks: bool = True) -> None:
        self.question = question
        self._answer: dict[str, Any] | None = None
        self._process: Any = None
        self._key, self._path = "", None
        if "estimator.reference.catalogue" in sys.modules:  # then it costs nothing more
            self._answer = _answer_or_problem(question)
            return
        # Without a folder of ours it is asked each time.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            self._key = _key(question)
            # A short sum finds the file at once; the key in it says whether it is the right one.
            self._path = state_folder("figures") / f"{zlib.crc32(self._key.encode()):08x}.json"
            kept = json.loads(self._path.read_text())
            self._answer = kept["answer"] if kept["key"] == self._key else None
        if asks:
            self.ask()

    def ask(self) -> None:
        """Ask the catalogue what is not known yet; nobody waits."""
        if self._answer is None and self._process is None:
            try:
                self._process = _ask(self.question)
            except OSError as problem:
                self._answer = {"problem": f"The catalogue cannot be asked: {problem}"}

    def problem(self) -> str:
        """Why there is no answer, as soon as it is known; empty until then, and where there is one."""
        if self._answer is None and self._process is not None and self._process.poll() is not None:
            self._take()
        return _problem_of(self._answer) if self._answer is not None else ""

    def result(self) -> Figures:
        """
        The answer.

        Returns
        -------
        Figures
            With ranges and sources.

        Raises
        ------
        UnknownFigure
            If the place is unknown or the tables cannot be read.
        """
        answer = self._answer
        if answer is None:
            self.ask()
            answer = self._answer or self._take()
        if problem := _problem_of(answer):
            raise UnknownFigure(problem)
        return _figures(answer)

    def drop(self) -> None:
        """Nobody waits for the answer any more."""
        if self._answer is None and self._process is not None:
            self._process.kill()
            self._process.communicate()

    def _take(self) -> dict[str, Any]:
        """Wait for the answer of the process, and keep it."""
        answer = self._answer = _told_by(self._process)
        # That a place is unknown is an answer, too; that the tables could not be read is none.
        if "problem" not in answer and self._path is not None:
            with contextlib.suppress(OSError):  # a full disk costs the cache, not the measurement
                _make_room(self._path.parent)
                write_whole(self._path, json.dumps({"key": self._key, "answer": answer}))
        return answer


def _problem_of(answer: dict[str, Any]) -> str:
    return str(answer.get("unknown") or answer.get("problem") or "")


def plain_cpu_name(told: str) -> str:
    """
    The name of a processor as the catalogue has it, out of what a system calls it.

    Examples
    --------
    >>> plain_cpu_name("AMD EPYC 7742 64-Core Processor")
    'AMD EPYC 7742 Processor'
    """
    return " ".join(re.sub(_ADDED, " ", told, flags=re.IGNORECASE).split())


def figures(question: Question) -> Figures:
    """Look something up and wait for it; raises as `Lookup.result` does."""
    return Lookup(question).result()


def _key(question: Question) -> str:
    """Another question, other tables, other formulas or another form of the answer: another key."""
    seen = [ENGINE_VERSION, *Figures.__dataclass_fields__, json.dumps(asdict(question), sort_keys=True)]
    folders = [DATA_FOLDER, *([Path(data) / "reference"] if (data := os.environ.get("WATTPRINT_DATA")) else [])]
    for folder in folders:
        with contextlib.suppress(OSError):
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                status = entry.stat()
                seen.append(f"{entry.name} {status.st_size} {status.st_mtime_ns}")
    return "\n".join(seen)


def _make_room(folder: Path) -> None:
    kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in kept[: max(0, len(kept) - MOST_KEPT_COUNT + 1)]:
        path.unlink(missing_ok=True)


def _ask(question: Question) -> Any:
    """Start a process that loads the catalogue and answers."""
    import subprocess

    code = "import sys; sys.path.insert(0, sys.argv[1]); from estimator.measure.figures import main; main()"
    return subprocess.Popen(
        # What is measured may run in another environment, which has not our packages. The question is no input of the
        # process: a fork of what is measured would hold its pipe open.
        [own_python(), "-I", "-c", code, str(ROOT), json.dumps(asdict(question))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C is for the measured command
    )


def _told_by(process: Any) -> dict[str, Any]:
    import subprocess

    complaint = ""
    try:
        told, complaint = process.communicate(timeout=LONGEST_LOOKUP_S)
        return dict(json.loads(told))
    except (OSError, ValueError, subprocess.SubprocessError) as problem:
        process.kill()
        process.communicate()
        reason = (complaint.strip().splitlines() or [str(problem)])[-1]
        return {"problem": f"The catalogue could not be read by {own_python()}: {reason}"}


def _figures(answer: dict[str, Any]) -> Figures:
    numbers = {
        name: Figure(**{**answer[name], "sources": tuple(answer[name]["sources"])})
        for name in ("core_power_w", "memory_power_w_per_gb", "grid_intensity_gco2e_per_kwh")
    }
    return Figures(
        cpu_name=answer["cpu_name"],
        place=answer["place"],
        location=answer["location"],
        dataset_version=answer["dataset_version"],
        **numbers,
    )


def _answer(question: Question) -> dict[str, Any]:
    """Ask the catalogue itself, as an estimate would."""
    from estimator.core.inputs import Hardware, InputProblems, Location, Workload
    from estimator.reference import catalogue
    from estimator.reference.resolve import factors_for

    cpu = None
    if question.cpu:
        with contextlib.suppress(InputProblems):
            cpu = catalogue.find_cpu(plain_cpu_name(question.cpu)).row
    place = None
    try:
        if question.place:
            try:
                place = catalogue.find_place(question.place)
            except InputProblems:
                if question.grid_intensity_gco2e_per_kwh is None:  # else the intensity is known without it
                    raise
        workload = Workload(
            method="cores_and_memory",
            duration_h=1.0,
            hardware=Hardware(cpu=cpu.id if cpu else None, cpu_core_count=1, memory_gb=1.0),
            location=place.location if place else Location(),
            grid_intensity_gco2e_per_kwh=question.grid_intensity_gco2e_per_kwh,
        )
        factors = factors_for(workload)
    except InputProblems as problem:
        raise UnknownFigure("; ".join(str(part).partition(": ")[2] for part in problem.problems)) from problem
    numbers = {}
    for name in ("cpu_core_power_w", "memory_power_w_per_gb", "grid_intensity_gco2e_per_kwh"):
        found = factors.assumptions[name]
        numbers[name.removeprefix("cpu_")] = {
            **found.model_dump(include={"low", "central", "high", "unit", "status", "match"}),
            "central": found.value,
            "note": found.note % found.text_params if found.text_params else found.note,
            "sources": [
                ", ".join(filter(None, (told.publisher, told.title, str(told.year or ""), told.url)))
                for told in (factors.sources[id_] for id_ in found.source_ids)
            ],
        }
    label = place.label if place else "" if question.grid_intensity_gco2e_per_kwh is not None else "World"
    return {
        "cpu_name": cpu.name if cpu else "",
        "place": label,
        "location": place.location.model_dump(exclude_none=True) if place else {},
        "dataset_version": factors.dataset_version,
        **numbers,
    }


def _answer_or_problem(question: Question) -> dict[str, Any]:
    try:
        return _answer(question)
    except UnknownFigure as problem:
        return {"unknown": str(problem)}


def main() -> None:
    """Answer the question that is the last argument."""
    from estimator.reference import catalogue

    data = os.environ.get("WATTPRINT_DATA")
    try:
        if data and (Path(data) / "reference").is_dir():
            catalogue.use_operator_folder(Path(data) / "reference")
        answer = _answer_or_problem(Question(**json.loads(sys.argv[-1])))
    except (ValueError, OSError) as problem:
        answer = {"problem": str(problem)}
    json.dump(answer, sys.stdout)
