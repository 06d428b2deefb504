"""What a person types stays words, whatever the format makes of letters."""

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from openpyxl import Workbook

from estimator.core.inputs import Workload
from reports.disclosures import FORMATS, QUESTIONS, Disclosure, DisclosureDetails, details_from, disclose, escapes
from tests.reports.disclosures.golden_runs import run

TEX = next((path for name in ("pdflatex", "lualatex", "xelatex") if (path := shutil.which(name))), None)
HOSTILE = (
    '<script>alert(1)</script><img src=x onerror="alert(2)">',
    "=cmd|' /C calc'!A0",
    '\t=HYPERLINK("https://evil.example","x")',
    "\\input{/etc/passwd} \\write18{rm -rf} $x^2$ {} % # & ~ _ ^ |",
    "}} , author={x}\n@misc{evil,",
    "---\nevil: true\n...\n!!python/object/apply:os.system ['id']",
    "```\n# heading\n| a | b |\n[link](https://evil.example) https://evil.example www.evil.example a@evil.example",
    ']]></title></svg><svg onload="alert(1)">&lt;&xxe;',
    "\u202eright to left\u202c \u2066x\u2069 \u0000 \x1b[31m \u2028 \ufeff \ud800",
    "عنوان 模型 मॉडल 👩‍🔬 🇪🇺",
    "A" * 200,
    '": "x", "evil": "',
    "＝cmd|' /C calc'!A0",
    "+1-1*{{7*7}}${7*7}<%= 7*7 %>",
    "&anchor *alias !!float 1 ? [a, b]: {c: d} # no comment",
    "^^5cinput{x} \\csname input\\endcsname \\def\\x{} \\verb|x|",
)
LONG_WORD = "W" * 100_000


def hostile(format_name: str, text: str, name: str = "training_70b") -> Disclosure:
    """A document in which every text that a person types is this one."""
    one = run(name)
    typed: dict[str, Any] = {key: text for key, question in QUESTIONS.items() if question.kind == "text"}
    changes: dict[str, Any] = {"title": text}
    served = run("service").footprint.result.functional_unit
    assert served is not None
    served = served.model_copy(update={"name": text})
    changes["result"] = one.footprint.result.model_copy(update={"functional_unit": served})
    return disclose(
        format_name,
        workload=one.workload.model_copy(update={"title": text}),
        footprint=one.footprint.model_copy(update=changes),
        details=DisclosureDetails(run_id=one.details.run_id, made_at=one.details.made_at, **typed),
    )


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("format_name", FORMATS)
def test_no_control_and_no_override_is_left(format_name: str, text: str) -> None:
    content = hostile(format_name, text).content
    content.encode()  # no half characters
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]", content)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("format_name", ["eu-ai-act", "ghg-protocol", "sci", "model-card", "checklist"])
def test_markdown_has_no_markup_of_theirs(format_name: str, text: str) -> None:
    content = hostile(format_name, text).content
    body = content.split("---\n")[2] if format_name == "model-card" else content
    assert not re.search(r"<\s*[a-zA-Z/!]", body)
    assert not re.search(r"(?<!\\)\[link", body) and not re.search(r"(?<!\\)://|(?<!\\)@|www\.", body)
    tame = hostile(format_name, "tame").content
    assert content.count("\n") == tame.count("\n")
    lines = zip(content.splitlines(), tame.splitlines(), strict=True)
    for line, known in lines:
        if known.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == len(re.findall(r"(?<!\\)\|", known))


@pytest.mark.parametrize("text", HOSTILE)
def test_yaml_reads_back_what_was_typed(text: str) -> None:
    block = hostile("model-card", text).content.split("---\n")[1]
    card = yaml.safe_load(block)
    assert set(card) == {"co2_eq_emissions"}
    assert card["co2_eq_emissions"]["geographical_location"] == escapes.clean(text)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("format_name", ["boamps", "cyclonedx"])
def test_json_reads_back_what_was_typed(format_name: str, text: str) -> None:
    said = json.loads(hostile(format_name, text).content)
    assert "evil" not in said
    if format_name == "cyclonedx":
        assert said["components"][0]["name"] == escapes.clean(text)
    else:
        assert said["task"]["algorithms"][0]["algorithmName"] == escapes.clean(text)
        assert said["environment"]["location"] == escapes.clean(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_badge_stays_one_picture(text: str) -> None:
    svg = ET.fromstring(hostile("badge", text).content)
    assert {element.tag.rpartition("}")[2] for element in svg.iter()} == {"svg", "title", "desc", "path", "g", "text"}
    assert not [key for element in svg.iter() for key in element.attrib if key.startswith("on")]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula_and_no_row_is_new(text: str) -> None:
    rows = list(csv.reader(io.StringIO(hostile("codecarbon-csv", text).content)))
    assert [len(row) for row in rows] == [38, 38, 38]
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r＝＋－＠")]
    sheet = Workbook().create_sheet()
    for row in rows:
        sheet.append(row)
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}  # "f" would be a formula


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("format_name", ["latex", "bibtex"])
def test_tex_is_given_no_command_of_theirs(format_name: str, text: str) -> None:
    content = hostile(format_name, text).content
    assert not re.search(r"\\(input|write)\b", content) and "@misc{evil" not in content
    tame = hostile(format_name, "tame").content
    assert content.count("\n") == tame.count("\n")
    depth = 0
    for char in content:  # BibTeX counts a brace behind a backslash too
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    assert depth == 0
    bare = re.sub(r"\\[%#&$_]|\$\\(times|div)\$|\$_2\$|\$\^2\$", "", content)
    if format_name == "latex":
        assert not re.search(r"[$#_^~](?!\\cite)", bare.replace("tab:", ""))


@pytest.mark.skipif(TEX is None, reason="no TeX is on this machine; it is not a tool of this project")
@pytest.mark.parametrize("text", [text for text in HOSTILE if text.isascii()])
def test_latex_compiles(text: str, tmp_path: Path) -> None:
    assert TEX is not None
    body = hostile("latex", text).content + "\\nocite{*}\\bibliographystyle{plain}\\bibliography{refs}"
    (tmp_path / "refs.bib").write_text(hostile("bibtex", text).content)
    (tmp_path / "paper.tex").write_text(f"\\documentclass{{article}}\\begin{{document}}{body}\\end{{document}}")
    paper = [TEX, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    for command in (paper, ["bibtex", "paper"], paper):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=100)
        assert done.returncode == 0, done.stdout[-2000:].decode(errors="replace")


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_word_of_100_kb_stays_one_word(format_name: str) -> None:
    """No form takes one; a program that calls the functions may."""
    content = hostile(format_name, LONG_WORD).content
    assert content.count("\n") == hostile(format_name, "tame").content.count("\n")
    assert re.sub("W{100000}", "tame", content).count("W" * 100) == 0


def test_no_question_takes_a_word_of_100_kb() -> None:
    details, problems = details_from(dict.fromkeys(QUESTIONS, LONG_WORD))
    assert set(problems) == set(QUESTIONS) and details == DisclosureDetails()


def test_plain_names_stay_readable() -> None:
    assert escapes.markdown("Llama-3.1 8B (v1.0): a test / B+C") == "Llama-3.1 8B (v1.0): a test / B+C"
    assert escapes.latex("Llama-3.1 8B") == "Llama-3.1 8B"
    assert escapes.csv("Llama-3.1, 8B") == '"Llama-3.1, 8B"'


def test_a_title_may_be_as_long_as_inputs_allow() -> None:
    assert (
        Workload(title="A" * 200).title
        in disclose(
            "text",
            workload=Workload(title="A" * 200),
            footprint=run("bert_base").footprint.model_copy(update={"title": "A" * 200}),
        ).content
    )
