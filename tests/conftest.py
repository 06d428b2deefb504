"""Fixtures for all tests. What needs a server asks for it by name; the others run without any."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.harness import databases, environment
from tests.harness import not_run as left_out
from tests.harness.browser import Faults, Pages, chromium, running_browser
from tests.harness.people import People
from tests.harness.postgresql import binaries, running_postgresql
from tests.harness.servers import LiveSite, Redis, Worker, running_site

pytest_plugins = ["pytester"]

hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")

#: Where tests share out over processes, what takes long comes first, so that many short files are left to fill the end.
LONGEST = ("house/test_style.py", "run/test_up.py", "run/", "journeys/", "worker/", "reports/test_pdf.py", "reports/")
#: A test that asks for one of these talks to processes with a database of their own.
WITH_OTHER_PROCESSES = {"live_site", "make_site", "page", "new_page", "browser", "celery_worker_process"}


# --- what could not run -----------------------------------------------------------------------------------------------


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List what could not run, loudly, before the closing line."""
    found = left_out.reasons(terminalreporter.stats.get("skipped", []))
    in_part = left_out.reasons_in_part(terminalreporter.stats.get("warnings", []))
    if found or in_part:
        terminalreporter.section("NOT RUN", sep="!", red=True, bold=True)
        for test, reason in found:
            terminalreporter.write_line(f"NOT RUN  {test}: {reason}")
        for test, reason in in_part:
            terminalreporter.write_line(f"RUN IN PART  {test}: {reason}")
        if found and left_out.must_all_run():
            terminalreporter.write_line("CI is set, so each that was NOT RUN counts as a failure.")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test that could not run fails the run."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return  # one of several processes: the one that gathers their reports decides
    if left_out.must_all_run() and session.exitstatus == 0 and left_out.reasons(reporter.stats.get("skipped", [])):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first."""

    def place(item: pytest.Item) -> int:
        path = item.nodeid.removeprefix("tests/")
        return next((place for place, start in enumerate(LONGEST) if path.startswith(start)), len(LONGEST))

    items.sort(key=place)


# --- each test of rows, on both databases -----------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that works on rows, in this process, is run on PostgreSQL too, where the machine has it."""
    fixtures = set(metafunc.fixturenames)
    of_rows = metafunc.definition.get_closest_marker("django_db") or fixtures & {"db", "transactional_db"}
    if of_rows and not fixtures & WITH_OTHER_PROCESSES and binaries() is not None:
        sqlite = pytest.param(databases.SQLITE, id=pytest.HIDDEN_PARAM)
        postgresql = pytest.param(databases.POSTGRESQL, id=databases.POSTGRESQL, marks=pytest.mark.postgresql)
        metafunc.parametrize("rows_on", [sqlite, postgresql], indirect=True)


@pytest.fixture(scope="session", autouse=True)
def rows_on(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where the rows of a test lie: in SQLite, but for its second run."""
    if getattr(request, "param", databases.SQLITE) == databases.SQLITE:
        yield
    else:
        with databases.default_database(request.getfixturevalue("postgresql_rows")):
            yield


@pytest.fixture(scope="session")
def postgresql_rows(django_db_setup: None, django_db_blocker: Any, postgresql_url: str) -> Iterator[Any]:
    """The connection to a database of its own, for rows, in the PostgreSQL of this session."""
    with django_db_blocker.unblock():
        connection = databases.database_with_tables(postgresql_url)
    yield connection
    connection.close()


# --- Django -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Keep SQLite's test database in a file, so that a worker process can open it."""
    from django.db import connections

    connections["default"].settings_dict["TEST"]["NAME"] = str(environment.TEMP / "test.sqlite3")
    databases.flush_by_deleting()


@pytest.fixture(scope="session", autouse=True)
def _plain_static_files() -> Iterator[None]:
    """Static files by their plain names: nothing is collected for the tests of this process."""
    from django.test import override_settings

    plain = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(STORAGES=plain):
        yield


@pytest.fixture
def people(db: None) -> People:
    """The three who stand by: `people.owner`, `people.stranger`, `people.staff`, each with a client and a token."""
    return People()


# --- servers ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """The private Redis of this session; a test that stops it starts it again."""
    server = Redis(environment.REDIS_FOLDER)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_url(redis_server: Redis) -> str:
    """A real Redis, at the address that the settings name; emptied before each test."""
    return redis_server.url


@pytest.fixture(autouse=True)
def _empty_redis(request: pytest.FixtureRequest) -> None:
    if {"redis_url", "redis_server"} & set(request.fixturenames):
        import redis

        url = request.getfixturevalue("redis_url")
        with redis.Redis.from_url(url) as client:
            client.flushall()


@pytest.fixture
def celery_worker_process(redis_url: str, transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """
    Start real Celery workers on the database of this test.

    `celery_worker_process(queues=["estimates"], concurrency=1, environment={})` gives a `Worker` that is ready.
    """
    import os

    from django.db import connection

    started: list[Worker] = []

    def start(
        queues: tuple[str, ...] = ("estimates", "reports"),
        concurrency: int = 1,
        environment: dict[str, str] | None = None,
        app: str = "config.celery",
    ) -> Worker:
        own = dict(os.environ) | {"DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}"} | (environment or {})
        worker = Worker(own, tmp_path / f"worker-{len(started)}.log", queues=queues, concurrency=concurrency, app=app)
        started.append(worker)
        worker.start()
        return worker

    yield start
    for worker in started:
        worker.kill()


@pytest.fixture(scope="session")
def live_site() -> Iterator[LiveSite]:
    """The whole site, as `./wattprint up` serves it; shared by the tests, so none of them may break it."""
    with running_site(environment.TEMP / "live", environment={"THROTTLE_ESTIMATES": "6000/min"}) as site:
        yield site


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., LiveSite]]:
    """Start a site that the test may break; `make_site(environment={...})`."""
    made: list[LiveSite] = []

    def make(data: Path | None = None, **options: Any) -> LiveSite:
        site = LiveSite(data or tmp_path / f"site-{len(made)}", **options)
        made.append(site)
        site.start()
        return site

    yield make
    for site in made:
        if site.process is not None and site.process.poll() is None:
            site.stop()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A real PostgreSQL of our own."""
    if binaries() is None:
        left_out.not_run("PostgreSQL's programs are not on this machine (apt-get install postgresql)")
    with running_postgresql() as url:
        yield url


# --- browser ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    executable = chromium()
    if executable is None:
        left_out.not_run("Chromium is not on this machine (apt-get install chromium)")
    with running_browser(executable) as running:
        yield running


@pytest.fixture
def faults() -> Faults:
    """What goes wrong in the pages; `faults.forgive(pattern)` expects something."""
    return Faults()


@pytest.fixture
def new_page(browser: Any, faults: Faults) -> Iterator[Pages]:
    """Make pages: `new_page(javascript=False, locale="es", viewport={"width": 390, "height": 844})`."""
    pages = Pages(browser, faults)
    yield pages
    pages.close()
    assert not faults.left, "\n".join(faults.left)


@pytest.fixture
def page(new_page: Pages) -> Any:
    """One page with JavaScript; any error in it, and any request to another host, fails the test."""
    return new_page()
