"""The PDF: what it says, which standard it follows, that it fetches nothing, and that it is the same each time."""

import csv
import io
import json
import logging
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.utils import translation

from estimator.core.footprint import Footprint, readable
from estimator.core.inputs import Location
from reports import pdf
from reports.document import write_report
from reports.logos import logo_png
from reports.options import LONGEST_NOTES, SECTIONS, ReportOptions
from tests.harness import not_run
from tests.reports.conftest import make_footprint
from tests.reports.test_logos import picture
from tests.reports.test_panel import rendered

MADE_AT = datetime(2026, 11, 24, 12, 0, 5, 123456, tzinfo=UTC)
SITE = "https://wattprint.example"


def made(footprint: Footprint, language: str = "en", **options: Any) -> bytes:
    with translation.override(language):
        choices = ReportOptions(**{"site": SITE, **options})
        return write_report(footprint, options=choices, made_at=MADE_AT, location=Location(country="US"))


@pytest.fixture(scope="module")
def example() -> bytes:
    return made(make_footprint())


def text_of(content: bytes, tmp_path: Path, *options: str) -> list[str]:
    """The text of each page."""
    file = tmp_path / "report.pdf"
    file.write_bytes(content)
    try:
        told = subprocess.run(
            ["pdftotext", *(options or ("-layout",)), str(file), "-"], capture_output=True, check=True, text=True
        )
    except FileNotFoundError:
        not_run.not_run("pdftotext is not on this machine (apt-get install poppler-utils)")
    return told.stdout.replace("\u00a0", " ").split("\f")[:-1]


def tags_of(document: pikepdf.Pdf) -> list[pikepdf.Dictionary]:
    """Every element of the tag tree, in its order."""
    found: list[pikepdf.Dictionary] = []

    def walk(node: Any) -> None:
        if isinstance(node, pikepdf.Dictionary) and "/S" in node:
            found.append(node)
        kids: Any = node.get("/K", []) if isinstance(node, pikepdf.Dictionary) else []
        for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
            if isinstance(kid, pikepdf.Dictionary):
                walk(kid)

    walk(document.Root.StructTreeRoot)
    return found


def test_it_is_tagged_named_and_in_its_language(example: bytes) -> None:
    with pikepdf.open(io.BytesIO(example)) as document:
        assert str(document.docinfo["/Title"]) == "BERT base · Carbon footprint"
        assert str(document.docinfo["/Author"]) == "Wattprint"
        assert str(document.docinfo["/CreationDate"]).startswith("D:20261124120005")
        assert str(document.Root.Lang) == "en"
        assert document.Root.MarkInfo.Marked and document.Root.ViewerPreferences.DisplayDocTitle
        assert 4 <= len(document.pages) <= 6
        with document.open_outline() as outline:
            titles = [item.title for item in outline.root]
        assert titles[0] == "What makes up the total" and titles[-1] == "Verify this report"


def test_it_says_that_it_is_an_archive_and_has_what_that_takes(example: bytes) -> None:
    with pikepdf.open(io.BytesIO(example)) as document:
        with document.open_metadata() as told:
            assert told.pdfa_status == "3A"
            assert told["dc:title"] == "BERT base · Carbon footprint"
            assert told["xmp:CreateDate"].startswith("2026-11-24T12:00:05")
        (intent,) = document.Root.OutputIntents
        assert intent.S == "/GTS_PDFA1" and len(bytes(intent.DestOutputProfile.read_bytes())) > 1000
        assert not document.is_encrypted and "/JavaScript" not in document.Root.get("/Names", {})
        assert document.trailer.ID[0] is not None


def test_every_font_is_inside(example: bytes) -> None:
    with pikepdf.open(io.BytesIO(example)) as document:
        fonts = [font for page in document.pages for font in page.Resources.Font.values()]
        descriptors = [kid.FontDescriptor for font in fonts for kid in font.DescendantFonts]
        assert any("Source" in str(one.FontName) for one in descriptors)
        assert all("/FontFile3" in one or "/FontFile2" in one for one in descriptors)


def test_accessible_by_its_own_standard_where_that_is_chosen() -> None:
    with pikepdf.open(io.BytesIO(made(make_footprint(), variant="pdf-ua-1", sections=("breakdown",)))) as document:
        with document.open_metadata() as told:
            assert told["pdfuaid:part"] == "1" and told.pdfa_status == ""
        assert "/StructTreeRoot" in document.Root and document.Root.MarkInfo.Marked
        assert sorted(document.attachments) == ["footprint.csv", "footprint.json"]


def test_the_tag_tree_has_headings_tables_and_a_text_for_every_picture(example: bytes) -> None:
    with pikepdf.open(io.BytesIO(example)) as document:
        tags = tags_of(document)
        kinds = [str(tag.S) for tag in tags]
        assert kinds.count("/H1") == 1 and kinds.count("/H2") >= 8 and "/Table" in kinds and "/L" in kinds
        figures = [tag for tag in tags if tag.S == "/Figure"]
        alts = [str(tag.get("/Alt", "")) for tag in figures]
        assert len(figures) >= 5 and all(alts)
        assert any("The total of 672" in alt for alt in alts)
        assert any("the same run would cause" in alt for alt in alts)
        assert kinds.index("/H1") < kinds.index("/H2")


def test_the_figures_are_inside_as_the_api_gives_them(example: bytes) -> None:
    with pikepdf.open(io.BytesIO(example)) as document:
        files = {name: file.get_file().read_bytes() for name, file in document.attachments.items()}
        relations = {str(document.attachments[name].obj.AFRelationship) for name in files}
        assert relations == {"/Data"} and len({one.objgen for one in document.Root.AF}) == 2
    assert json.loads(files["footprint.json"]) == json.loads(readable(make_footprint()).model_dump_json())
    rows = list(csv.DictReader(io.StringIO(files["footprint.csv"].decode("utf-8-sig"))))
    total = next(row for row in rows if (row["kind"], row["name"]) == ("quantity", "total_kgco2e"))
    assert float(total["central"]) == make_footprint().result.total_kgco2e.central
    assert [row["kind"] for row in rows].count("step") == 5 and [row["kind"] for row in rows].count("input") == 3


def test_links_lead_to_the_sources_and_to_the_verification(example: bytes) -> None:
    with pikepdf.open(io.BytesIO(example)) as document:
        links = [note for page in document.pages for note in page.get("/Annots", [])]
        addresses = {str(link.A.URI) for link in links if "/A" in link}
        places = {str(link.Dest) for link in links if "/Dest" in link}
        names = document.Root.Names.Dests.Names
        assert f"{SITE}/verify/{make_footprint().input_digest}" in addresses
        assert places and places <= {str(name) for name in list(names)[::2]}


def test_each_page_has_its_footer(example: bytes, tmp_path: Path) -> None:
    pages = text_of(example, tmp_path)
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Wattprint 0.1.0 · dataset 3f9a1c20d4e7 · inputs 9f2c4e7a9f2c4e7a" in page


def test_the_text_can_be_taken_out_in_its_order(example: bytes, tmp_path: Path) -> None:
    told = " ".join(" ".join(text_of(example, tmp_path, "-raw")).split())
    order = [
        "BERT base",
        "Training took 1,503 kWh of electricity and caused 672 kg CO₂e",
        "Total emissions",
        "What makes up the total",
        "The same run in other countries",
        "All quantities",
        "How this number was made",
        "What was assumed",
        "Sources",
        "Verify this report",
    ]
    places = [told.find(text) for text in order]
    assert -1 not in places and places == sorted(places)


def test_page_and_pdf_say_the_same_numbers(example: bytes, tmp_path: Path) -> None:
    told = re.sub(r"\s+", " ", " ".join(text_of(example, tmp_path)))
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", rendered(make_footprint())).replace("\u00a0", " "))
    for number in ("672 kg CO₂e", "544–800 kg CO₂e", "1,503 kWh", "1,320–1,680 kWh", "951.279 × 1.58", "1,503.02 kWh"):
        assert number in page and number in told


def test_the_same_report_is_the_same_file(example: bytes) -> None:
    assert made(make_footprint()) == example


def test_in_spanish(tmp_path: Path) -> None:
    told = " ".join(text_of(made(make_footprint(), "es", paper="letter"), tmp_path))
    assert "951,279 × 1,58" in told


def test_only_the_sections_that_were_chosen(tmp_path: Path) -> None:
    content = made(make_footprint(), sections=("quantities",))
    told = " ".join(text_of(content, tmp_path))
    assert "All quantities" in told and "Verify this report" in told and "672 kg CO₂e" in told
    for other in ("How this number was made", "What was assumed", "What makes up the total", "Beside published"):
        assert other not in told


def test_paper_logo_organisation_and_notes(tmp_path: Path) -> None:
    notes = "Run on **shared** nodes.\n\n<b>bold</b> ![x](file:///etc/passwd)\n\n- one\n- two"
    options = ReportOptions(paper="letter", organisation="Ministry & Sons", notes=notes, sections=("breakdown",))
    with translation.override("en"):
        content = write_report(make_footprint(), options=options, made_at=MADE_AT, logo=logo_png(picture()))
    told = " ".join(text_of(content, tmp_path))
    assert "Ministry & Sons" in told and "Run on shared nodes." in told and "<b>bold</b>" in told
    assert "Verify this report" in told and "/verify/" not in told
    with pikepdf.open(io.BytesIO(content)) as document:
        assert [round(float(side)) for side in document.pages[0].MediaBox[2:]] == [612, 792]
        assert any(str(tag.get("/Alt", "")) == "Ministry & Sons" for tag in tags_of(document))
        assert any(image.Subtype == "/Image" for image in document.pages[0].Resources.XObject.values())


def test_options_say_each_section_once_in_the_order_of_reading() -> None:
    chosen = ReportOptions.model_validate({"sections": ["sources", "breakdown", "sources"]})
    assert chosen.sections == ("breakdown", "sources")
    assert ReportOptions().sections == SECTIONS
    with pytest.raises(ValueError):
        ReportOptions.model_validate({"sections": ["breakdown", "gossip"]})
    digests = {
        ReportOptions().digest(),
        chosen.digest(),
        ReportOptions().digest(logo=b"x"),
        ReportOptions().digest(over="1"),
    }
    assert len(digests) == 4 and ReportOptions().digest() in digests


HOSTILE = [
    '<img src="http://127.0.0.1:9/x.png"><link rel="stylesheet" href="file:///etc/passwd">',
    '</style><style>@import "file:///etc/passwd"; body { background: url(http://127.0.0.1:9/) }</style>',
    "<script>alert(1)</script><object data='file:///etc/passwd'></object>",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2,
    "تدريب نموذج لغوي كبير على ستين مسرّعًا",
    "🌍🔥 训练 模型 — ﷽ \u202e reversed",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_reaches_network_disk_or_margin(
    title: str, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(pdf, "refuse", asked.append)
    note = "World average of %(year)s. " + title.replace("%", "%%")
    assumptions = tuple(
        one.model_copy(update={"note": note}) if one.note else one for one in make_footprint().assumptions
    )
    with caplog.at_level(logging.WARNING):
        content = made(
            make_footprint(title=title[:200], assumptions=assumptions), notes=title, organisation=title[:120]
        )
    assert asked == []
    with pikepdf.open(io.BytesIO(content)) as document:
        assert 4 <= len(document.pages) <= 7
        assert "/JavaScript" not in document.Root.Names and sorted(document.attachments) == [
            "footprint.csv",
            "footprint.json",
        ]


def test_a_word_as_long_as_may_be_is_laid_out_and_a_longer_one_refused() -> None:
    content = made(make_footprint(title="y" * 200), notes="x" * LONGEST_NOTES, organisation="z" * 120, sections=())
    with pikepdf.open(io.BytesIO(content)) as document:
        assert 2 <= len(document.pages) <= 4
    with pytest.raises(ValueError):
        ReportOptions(notes="x" * 100_000)


def test_formulas_in_names_run_nothing_in_the_table() -> None:
    with pikepdf.open(io.BytesIO(made(make_footprint(title="=cmd|' /C calc'!A0"), sections=()))) as document:
        table = document.attachments["footprint.csv"].get_file().read_bytes().decode("utf-8-sig")
    for row in csv.reader(io.StringIO(table)):
        assert not [cell for cell in row if cell[:1] in set("=+@|") or (cell[:1] == "-" and not cell[1:2].isdigit())]


def test_whatever_is_asked_for_is_refused(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not for reports", encoding="utf-8")
    asked = [secret.as_uri(), "http://127.0.0.1:9/x.png", "data:text/css,p{color:red}"]
    html = f'<link rel=stylesheet href="{asked[2]}"><img src="{asked[1]}"><embed src="{asked[0]}"><p>text'
    with caplog.at_level(logging.WARNING):
        content = pdf.render_pdf(html, identifier="x")
    refused = [record.getMessage() for record in caplog.records if record.name == "reports.pdf"]
    assert len(refused) >= 3
    assert b"not for reports" not in content
