"""What meters tell: English as ever, with what it was made from beside it; and no text of a meter without."""

import ast
import copy
import json
import pickle
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from estimator.measure import meters, samplers
from estimator.measure.samplers import Component, MeterProblem
from estimator.measure.words import Words, joined, plain
from estimator.measure.words import words as _
from tests.harness.environment import ROOT

MEASURE = ROOT / "estimator" / "measure"
#: The modules whose texts reach a server: the meters, what names them, and the shares of a worker.
TELL = [MEASURE / f"{name}.py" for name in (*meters.KINDS, meters.MODEL, "meters", "samplers")]
TELL.append(ROOT / "estimator" / "worker" / "session.py")
PLACE = re.compile(r"%\(([a-z_]+)\)s")


def marked(path: Path) -> Iterator[ast.Call]:
    """Every `_(…)` of a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            yield node


def texts() -> set[str]:
    """Every template that a meter can tell."""
    return {ast.literal_eval(call.args[0]) for path in TELL for call in marked(path)}


def test_words_are_their_sentence() -> None:
    told = joined([_("Memory, %(memory_gb)s GB", memory_gb=25.3), _("100 % of it.")])
    assert told == "Memory, 25.3 GB 100 % of it."
    assert f"{_('%(cores_count)s cores', cores_count=16.0)}" == "16 cores"
    for again in (copy.deepcopy(told), pickle.loads(pickle.dumps(told))):
        assert isinstance(again, Words)
        assert (again, again.sentences) == (told, told.sentences)


def test_a_component_is_plain_data_with_its_words_beside() -> None:
    part = Component("dram", "modelled", _("Memory, %(memory_gb)s GB", memory_gb=64), note=joined([]))
    told = plain(asdict(part))
    assert told["label"] == "Memory, 64 GB"
    assert {type(text) for text in told.values() if isinstance(text, str)} == {str}
    assert told["words"] == {"label": [{"text": "Memory, %(memory_gb)s GB", "params": {"memory_gb": 64}}]}
    assert json.loads(json.dumps(told)) == told
    assert "words" not in plain(asdict(Component("accelerator:0", "counter", "NVIDIA H100")))


def test_a_problem_keeps_the_words_of_its_reason() -> None:
    problem = MeterProblem(_("There is no NVIDIA driver here (%(problem)s).", problem="Not found"), _("Try again."))
    assert str(problem) == "There is no NVIDIA driver here (Not found). Try again."
    assert isinstance(problem.reason, Words) and isinstance(problem.remedy, Words)


@pytest.mark.parametrize("path", TELL, ids=lambda path: path.stem)
def test_each_place_is_filled_and_each_text_is_a_template(path: Path) -> None:
    for call in marked(path):
        text = ast.literal_eval(call.args[0])
        assert sorted(PLACE.findall(text)) == sorted(keyword.arg or "" for keyword in call.keywords), text
        assert not call.keywords or "%" not in PLACE.sub("", text), text


@pytest.mark.parametrize("path", TELL, ids=lambda path: path.stem)
def test_no_text_of_a_meter_is_told_without_words(path: Path) -> None:
    own = {"MeterProblem", "_Passing", "Component", "Accelerator"}
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in own):
            continue
        given = node.args if "Problem" in node.func.id or node.func.id == "_Passing" else node.args[2:3]
        given = [*given, *(one.value for one in node.keywords if one.arg in {"label", "note", "reason", "remedy"})]
        # That of a kind that was asked for and does not exist is told where it was asked.
        if path.stem == "meters" and "There is no meter" in ast.unparse(node):
            continue
        for argument in given:
            assert not isinstance(argument, ast.Constant | ast.JoinedStr | ast.BinOp), ast.unparse(node)


def test_every_kind_has_a_name() -> None:
    assert set(meters.NAMES) == {*meters.KINDS, meters.MODEL}
    assert set(samplers.KIND_NAMES) == set(samplers.Kind.__args__)  # type: ignore[attr-defined]
