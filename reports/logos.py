"""A logo for a report: a picture that a person sends, read within bounds and written anew."""

import io
import warnings
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_BYTES: Final = 500_000
LARGEST_PIXELS: Final = 8_000_000
#: Enough for 55 mm at 300 dots an inch.
BOX: Final = (650, 240)
FORMATS: Final = ("PNG", "JPEG")


class NoLogo(Exception):
    """The picture cannot be used; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def logo_png(content: bytes) -> bytes:
    """
    A picture written anew as a PNG of at most 650 × 240 dots, without anything else that was in the file.

    Parameters
    ----------
    content : bytes
        A PNG or JPEG as it was sent.

    Returns
    -------
    bytes
        The same picture gives the same bytes.

    Raises
    ------
    NoLogo
        ``too_large``, ``too_many_pixels`` or ``not_a_picture``. Drawings (SVG) are no pictures here: they can refer to
        other files.
    """
    if len(content) > LARGEST_BYTES:
        raise NoLogo("too_large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as sent:
                if sent.width * sent.height > LARGEST_PIXELS:
                    raise NoLogo("too_many_pixels")
                picture = ImageOps.exif_transpose(sent).convert("RGBA")
    except NoLogo:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NoLogo("too_many_pixels") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise NoLogo("not_a_picture") from None
    picture.thumbnail(BOX, Image.Resampling.LANCZOS)
    clean = Image.new("RGBA", picture.size)
    clean.paste(picture)
    written = io.BytesIO()
    clean.save(written, format="PNG", optimize=True)
    return written.getvalue()
