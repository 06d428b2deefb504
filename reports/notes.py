"""Notes that a person writes into a report: safe Markdown, without HTML, pictures or addresses that run anything."""

from functools import cache
from typing import Final

import nh3
from markdown_it import MarkdownIt

TAGS: Final = frozenset(
    ("p", "br", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "blockquote", "h3", "h4", "h5", "h6", "hr", "a")
)
#: A heading in notes lies below the headings of the report.
_LOWERED: Final = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("strikethrough")
    return parser.disable(["image", "html_block", "html_inline"])


def notes_html(text: str) -> str:
    """
    Markdown as HTML in which nothing runs and nothing is fetched.

    Parameters
    ----------
    text : str
        What was typed. HTML in it is shown as text.

    Returns
    -------
    str
        Paragraphs, lists, emphasis, code and links to the web; everything else is left out.
    """
    tokens = _markdown().parse(text)
    for token in tokens:
        token.tag = _LOWERED.get(token.tag, token.tag)
    made = _markdown().renderer.render(tokens, _markdown().options, {})
    return nh3.clean(
        made, tags=set(TAGS), attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}, link_rel="noreferrer"
    )
