"""Logos: read within bounds, written anew."""

import io

import pytest
from PIL import Image, PngImagePlugin

from reports.logos import BOX, LARGEST_BYTES, NoLogo, logo_png


def picture(size: tuple[int, int] = (300, 100), kind: str = "PNG", mode: str = "RGB") -> bytes:
    written = io.BytesIO()
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "where it was made")
    more = {"pnginfo": told} if kind == "PNG" else {}
    Image.new(mode, size, "#2244aa" if mode == "RGB" else 1).save(written, kind, **more)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_it_is_written_anew_and_small(kind: str) -> None:
    made = logo_png(picture((2000, 1000), kind))
    assert made == logo_png(picture((2000, 1000), kind)) and b"where it was made" not in made
    with Image.open(io.BytesIO(made)) as told:
        assert told.format == "PNG" and told.width <= BOX[0] and told.height == BOX[1]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "not_a_picture"),
        (picture()[:60], "not_a_picture"),
        (picture(kind="GIF"), "not_a_picture"),
        (b"x" * (LARGEST_BYTES + 1), "too_large"),
        (picture((4_000, 3_000), mode="1"), "too_many_pixels"),
        (picture((14_000, 14_000), mode="1"), "too_many_pixels"),
    ],
)
def test_what_is_no_logo_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(NoLogo) as refused:
        logo_png(content)
    assert refused.value.code == code
