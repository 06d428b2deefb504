"""
HTML to PDF bytes; the only importer of WeasyPrint.

Nothing is fetched, neither from the network nor from the disk: styles and drawings stand in the HTML itself, and the
fonts come through fontconfig, which is told here where the packaged one lies.
"""

import logging
import os
import tempfile
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NoReturn
from xml.sax.saxutils import escape

from django.conf import settings
from django.template.loader import render_to_string

from reports.charts import Chart, light_colours
from reports.summary import ReportSummary

logger = logging.getLogger(__name__)

FONT_PACKAGE: Final = "font_source_sans_pro"
SYSTEM_FONT_FOLDERS: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/opt/homebrew/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
)


class NothingMayBeFetched(Exception):
    """A document asked for something outside itself."""


def refuse(url: str) -> NoReturn:
    """Refuse to fetch, and say so in the log."""
    logger.warning("A report asked for %.200r; nothing is fetched for a report", url)
    raise NothingMayBeFetched(url)


def report_html(*, summary: ReportSummary, charts: Sequence[Chart], made_at: datetime) -> str:
    """A report as one document, in the active language, with its styles and drawings in it."""
    colours = light_colours()
    return render_to_string(
        "reports/pdf/report.html",
        {
            "summary": summary,
            "bars": [chart for chart in charts if chart.form == "bars"],
            "dots": [chart for chart in charts if chart.form == "dots"],
            "key": summary.input_digest[:8],
            "made_at": made_at,
            "tokens": ":root {" + "".join(f"--{name}: {value};" for name, value in colours.items()) + "}",
            # Drawings do not see the style sheet, so they are told.
            "picture_colour": colours["accent"],
            "cover_ink": colours["accent-ink"],
        },
    )


def render_pdf(html: str, *, identifier: str) -> bytes:
    """
    Render a document.

    Parameters
    ----------
    html : str
        A whole document with its styles and drawings in it.
    identifier : str
        Becomes the PDF's file identifier: the same document with the same identifier gives the same bytes.

    Returns
    -------
    bytes
        A tagged PDF with bookmarks.
    """
    weasyprint, fetcher = _weasyprint()
    document = weasyprint.HTML(string=html, base_url=None, url_fetcher=fetcher)
    return bytes(document.write_pdf(pdf_identifier=identifier.encode(), pdf_tags=True))


@cache
def _weasyprint() -> tuple[Any, Any]:
    """WeasyPrint, imported once, with the fonts set before it looks for any, and a fetcher that refuses."""
    os.environ["FONTCONFIG_FILE"] = str(_fonts_conf())
    import weasyprint
    from weasyprint.urls import URLFetcher

    class Refusal(URLFetcher):  # type: ignore[misc]
        """Neither network nor disk, nor data in a URL."""

        def fetch(self, url: str, headers: Any = None) -> NoReturn:
            refuse(url)

    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # CSS that only browsers know is no news
    return weasyprint, Refusal(allowed_protocols=())


def _fonts_conf() -> Path:
    """A fontconfig file that knows the packaged font and those of the system, in a folder of this process's user."""
    spec = find_spec(FONT_PACKAGE)
    folders = list(SYSTEM_FONT_FOLDERS)
    if spec is not None and spec.submodule_search_locations:
        folders.insert(0, str(Path(spec.submodule_search_locations[0]) / "files"))
    place = _fonts_folder()
    listed = "".join(f"<dir>{escape(folder)}</dir>" for folder in folders)
    file = place / "fonts.conf"
    unfinished = place / f"fonts.conf.{os.getpid()}"  # workers start side by side and read what another may write
    unfinished.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"{listed}<cachedir>{escape(str(place / 'cache'))}</cachedir>"
        # The package carries each font twice; one of them is enough.
        "<selectfont><rejectfont><glob>*/font_source_sans_pro/files/*.ttf</glob></rejectfont></selectfont>"
        "<alias><family>sans-serif</family>"
        "<prefer><family>Source Sans Pro</family><family>DejaVu Sans</family></prefer></alias>"
        "<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>"
        "</fontconfig>",
        encoding="utf-8",
    )
    return unfinished.replace(file)


def _fonts_folder() -> Path:
    """Beside the data, where fontconfig's cache outlives the process; else a folder that only this process knows."""
    folder = Path(settings.DATA_DIR) / "fonts"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="wattprint-fonts-"))
    return folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="wattprint-fonts-"))
