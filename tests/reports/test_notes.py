"""Notes: Markdown in which nothing runs."""

import re

import pytest

from reports.notes import notes_html


def test_markdown_is_shown_as_such() -> None:
    made = notes_html("# Title\n\nSome **bold** and [a page](https://example.org).\n\n1. one\n2. two")
    assert "<h3>Title</h3>" in made and "<strong>bold</strong>" in made and "<ol>" in made
    assert 'href="https://example.org"' in made


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://example.org/x.png)",
        "![x](file:///etc/passwd)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "[x](file:///etc/passwd)",
        "<style>@import 'file:///etc/passwd'</style>",
        '<a href="https://example.org" style="background:url(x)">y</a>',
    ],
)
def test_nothing_runs_and_nothing_is_fetched(hostile: str) -> None:
    made = notes_html(hostile)
    tags = re.findall(r"<[^>]*>", made)
    assert not [tag for tag in tags if re.search(r"<(script|img|style)|\b(src|style|on\w+)=|href=\"(?!https:)", tag)]
