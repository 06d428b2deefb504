"""
HTML to PDF bytes; the only importer of WeasyPrint.

Nothing is fetched, neither from the network nor from the disk: styles and drawings stand in the HTML itself, a logo is
handed over as bytes, and the fonts come through fontconfig, which is told here where the packaged one lies.
"""

import contextlib
import io
import logging
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NoReturn
from xml.sax.saxutils import escape

from django.conf import settings

from reports.options import Variant

logger = logging.getLogger(__name__)

FONT_PACKAGE: Final = "font_source_sans_pro"
SYSTEM_FONT_FOLDERS: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/opt/homebrew/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
)
#: The one address that a document may ask for: the picture that was handed over with it.
LOGO: Final = "wattprint:logo"
#: Our names -> WeasyPrint's.
VARIANTS: Final[dict[Variant, str]] = {"pdf-a-3a": "pdf/a-3a", "pdf-ua-1": "pdf/ua-1"}
#: Where a document without a date stands in time: its bytes must not depend on the clock.
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the PDF."""

    name: str  #: its ending says what it is
    content: bytes
    description: str


class NothingMayBeFetched(Exception):
    """A document asked for something outside itself."""


def refuse(url: str) -> NoReturn:
    """Refuse to fetch, and say so in the log."""
    logger.warning("A report asked for %.200r; nothing is fetched for a report", url)
    raise NothingMayBeFetched(url)


def render_pdf(
    html: str,
    *,
    identifier: str,
    variant: Variant = "pdf-a-3a",
    made_at: datetime = EPOCH,
    attachments: Sequence[Attachment] = (),
    logo: bytes | None = None,
    on_page: Callable[[int], None] | None = None,
) -> bytes:
    """
    Render a document.

    Parameters
    ----------
    html : str
        A whole document with its styles and drawings in it; it may show the logo as `LOGO`.
    identifier : str
        Becomes the PDF's file identifier: the same document with the same identifier gives the same bytes.
    variant : str
        Which standard the file says that it follows.
    made_at : datetime
        The date of the attached files.
    attachments : sequence of Attachment
        Files to put inside.
    logo : bytes, optional
        A PNG.
    on_page : callable, optional
        Told the number of each page when it is laid out, to show progress.

    Returns
    -------
    bytes
        A tagged PDF with bookmarks.
    """
    weasyprint, fetcher = _weasyprint()
    document = weasyprint.HTML(string=html, base_url=None, url_fetcher=fetcher(logo))
    attached = [
        weasyprint.Attachment(
            file_obj=io.BytesIO(one.content),
            name=one.name,
            description=one.description,
            created=made_at,
            modified=made_at,
            relationship="Data",
        )
        for one in attachments
    ]
    with _watched(on_page):
        return bytes(
            document.write_pdf(
                pdf_identifier=identifier.encode(),
                pdf_variant=VARIANTS[variant],
                pdf_tags=True,
                attachments=attached or None,
            )
        )


@cache
def _weasyprint() -> tuple[Any, Any]:
    """WeasyPrint, imported once, with the fonts set before it looks for any, and fetchers that refuse."""
    os.environ["FONTCONFIG_FILE"] = str(_fonts_conf())
    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # CSS that only browsers know is no news
    logging.getLogger("weasyprint.progress").propagate = False
    import weasyprint
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Refusal(URLFetcher):  # type: ignore[misc]
        """Neither network nor disk, nor data in a URL: the picture at hand, or nothing."""

        def __init__(self, logo: bytes | None) -> None:
            super().__init__(allowed_protocols=())
            self._logo = logo

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url == LOGO and self._logo is not None:
                return URLFetcherResponse(url, self._logo, {"Content-Type": "image/png"})
            refuse(url)

    return weasyprint, Refusal


class _PageCount(logging.Handler):
    """WeasyPrint tells its log of each page that it lays out: the only sign of progress that it gives."""

    def __init__(self, on_page: Callable[[int], None]) -> None:
        super().__init__()
        self._on_page = on_page
        self._thread = threading.get_ident()
        self._laid_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread != self._thread:
            return
        found = re.search(r"Page (\d+)", record.getMessage())
        if found:
            self._laid_out = int(found[1])
        if found or "Creating PDF" in record.getMessage():  # a sign of life before the second long part, the writing
            self._on_page(self._laid_out)


@contextlib.contextmanager
def _watched(on_page: Callable[[int], None] | None) -> Iterator[None]:
    if on_page is None:
        yield
        return
    told, handler = logging.getLogger("weasyprint.progress"), _PageCount(on_page)
    level = told.level
    told.addHandler(handler)
    told.setLevel(logging.INFO)
    try:
        yield
    finally:
        told.removeHandler(handler)
        told.setLevel(level)


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
