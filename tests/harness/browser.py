"""A headless Chromium whose pages must keep quiet: no error, no violation of the policy, no word to other hosts."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    # A page reaches this machine alone; a route of Playwright's would ask us at each request and switch off the cache.
    "--host-resolver-rules=MAP * ~NOTFOUND" + "".join(f", EXCLUDE {host}" for host in _LOOPBACK),
]
_REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', e =>
    console.error(['CSP', e.violatedDirective, e.blockedURI, e.sourceFile, e.lineNumber].join(' ')));
"""


def chromium() -> str | None:
    """The browser of the machine."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


@contextmanager
def running_browser(executable: str) -> Iterator[Browser]:
    """Start Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Faults:
    """What went wrong in the pages of one test."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._forgiven: list[re.Pattern[str]] = []

    def add(self, text: str) -> None:
        """Note a fault."""
        self._seen.append(text)

    def forgive(self, pattern: str) -> None:
        """Expect a fault: an answer 4xx that the test asks for is an error in the browser's console."""
        self._forgiven.append(re.compile(pattern))

    @property
    def left(self) -> list[str]:
        """The faults that the test did not expect."""
        return [text for text in self._seen if not any(pattern.search(text) for pattern in self._forgiven)]


class Pages:
    """Makes pages, each in a context of its own, and listens to them."""

    def __init__(self, browser: Browser, faults: Faults) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.faults = faults

    def __call__(self, *, javascript: bool = True, **options: Any) -> Page:
        """A fresh page; options are Playwright's for a new context (locale, viewport, color_scheme, ...)."""
        context = self._browser.new_context(java_script_enabled=javascript, **({"locale": "en-GB"} | options))
        context.set_default_timeout(15_000)
        self._contexts.append(context)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.add(f"page error: {error.error}"))
        context.on("request", self._request)
        if javascript:
            context.add_init_script(_REPORT_VIOLATIONS)
        return context.new_page()

    def close(self) -> None:
        """Close all."""
        for context in self._contexts:
            context.close()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.add(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        if not _is_ours(request.url):
            self.faults.add(f"request to another host: {request.url}")


def _is_ours(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob", "about"} or parts.hostname in _LOOPBACK


NewPage = Callable[..., Page]
