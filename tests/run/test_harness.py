"""The harness itself notices what it is there to notice."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.harness import not_run
from tests.harness.browser import Faults, Pages
from tests.harness.environment import ROOT

PAGE = b"""<!doctype html><title>faulty</title><link rel="icon" href="data:,">
<script src="https://elsewhere.example/x.js"></script><script src="/own.js"></script><p style="color: red">x</p>"""
SCRIPT = b"console.error('a complaint'); throw new Error('a slip')"


class Faulty(BaseHTTPRequestHandler):
    """A page with everything that a page of ours must not do."""

    def do_GET(self) -> None:
        body, kind = (SCRIPT, "text/javascript") if self.path == "/own.js" else (PAGE, "text/html")
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", "default-src 'self' https://elsewhere.example; img-src data:")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet."""


@pytest.fixture
def faulty_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Faulty))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def test_a_page_that_misbehaves_is_caught(browser: Any, faulty_url: str) -> None:
    pages = Pages(browser, Faults())
    try:
        page = pages()
        page.goto(faulty_url)
        page.wait_for_timeout(200)
    finally:
        pages.close()
    told = "\n".join(pages.faults.left)
    assert "request to another host: https://elsewhere.example/x.js" in told
    assert "a complaint" in told
    assert "page error" in told
    assert "a slip" in told
    assert "CSP style-src" in told
    pages.faults.forgive(".")
    assert not pages.faults.left


def test_what_could_not_run_is_collected(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makeconftest(
        """
        from tests.conftest import pytest_sessionfinish, pytest_terminal_summary
        """
    )
    pytester.makepyfile(
        """
        from tests.harness.not_run import not_run, ran_in_part

        def test_fine():
            ran_in_part("there is no such network")

        def test_lacking():
            not_run("there is no such machine")
        """
    )
    for ci, code in (("", 0), ("true", 1)):
        monkeypatch.setenv("CI", ci)
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        assert not_run.must_all_run() == bool(ci)
        done = pytester.runpytest_subprocess("-p", "no:django", "-p", "no:cacheprovider")
        assert done.ret == code
        done.stdout.fnmatch_lines(
            [
                "*NOT RUN  *test_lacking: there is no such machine*",
                "*RUN IN PART  *test_fine: there is no such network*",
            ]
        )
        assert "1 passed, 1 skipped" in done.outlines[-1]
