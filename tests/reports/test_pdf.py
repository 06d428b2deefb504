"""The PDF: what it says, that it fetches nothing, and that it is the same each time."""

import io
import logging
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.utils import translation

from estimator.core.footprint import Footprint
from reports import pdf, wording
from tests.harness import not_run
from tests.reports.conftest import make_footprint
from tests.reports.test_panel import rendered

MADE_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def made(footprint: Footprint, language: str = "en") -> bytes:
    with translation.override(language):
        summary = wording.summary_of(footprint)
        html = pdf.report_html(summary=summary, charts=wording.charts_in_words(summary), made_at=MADE_AT)
        return pdf.render_pdf(html, identifier=footprint.input_digest)


@pytest.fixture(scope="module")
def example() -> bytes:
    return made(make_footprint())


def text_of(content: bytes, tmp_path: Path) -> list[str]:
    """The text of each page."""
    file = tmp_path / "report.pdf"
    file.write_bytes(content)
    try:
        told = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True, text=True)
    except FileNotFoundError:
        not_run.not_run("pdftotext is not on this machine (apt-get install poppler-utils)")
    return told.stdout.replace("\u00a0", " ").split("\f")[:-1]


def test_it_is_tagged_named_and_in_its_language(example: bytes) -> None:
    with pikepdf.open(io.BytesIO(example)) as document:
        assert str(document.docinfo["/Title"]) == "BERT base · Carbon footprint"
        assert str(document.docinfo["/Author"]) == "Wattprint"
        assert str(document.docinfo["/CreationDate"]).startswith("D:20261124")
        assert str(document.Root.Lang) == "en"
        assert document.Root.MarkInfo.Marked
        assert 3 <= len(document.pages) <= 5
        with document.open_outline() as outline:
            assert next(item.title for item in outline.root) == "What makes up the total"
        fonts = {str(font.BaseFont) for page in document.pages for font in page.Resources.Font.values()}
        assert any("Source" in font for font in fonts)


def test_each_page_has_its_footer(example: bytes, tmp_path: Path) -> None:
    pages = text_of(example, tmp_path)
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Wattprint 0.1.0 · dataset 3f9a1c20d4e7 · inputs 9f2c4e7a9f2c4e7a" in page


def test_page_and_pdf_say_the_same_numbers(example: bytes, tmp_path: Path) -> None:
    told = re.sub(r"\s+", " ", " ".join(text_of(example, tmp_path)))
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", rendered(make_footprint())).replace("\u00a0", " "))
    for number in ("672 kg CO₂e", "544–800 kg CO₂e", "1,503 kWh", "1,320–1,680 kWh", "951.279 × 1.58", "1,503.02 kWh"):
        assert number in page and number in told


def test_the_same_report_is_the_same_file(example: bytes) -> None:
    assert made(make_footprint()) == example


def test_in_spanish(tmp_path: Path) -> None:
    told = " ".join(text_of(made(make_footprint(), "es"), tmp_path))
    assert "951,279 × 1,58" in told


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
        content = made(make_footprint(title=title[:200], assumptions=assumptions))
    assert asked == []
    with pikepdf.open(io.BytesIO(content)) as document:
        assert 3 <= len(document.pages) <= 6
        assert not [key for key in ("/JavaScript", "/EmbeddedFiles") if key in document.Root.get("/Names", {})]


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
