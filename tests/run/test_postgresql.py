"""Whatever works on rows works on PostgreSQL as it does on SQLite: each such test is run on both."""

import pytest
from django.db import connection

from tests.harness.not_run import not_run
from tests.harness.postgresql import binaries


def test_tests_of_rows_are_run_on_postgresql() -> None:
    if binaries() is None:
        not_run("PostgreSQL's programs are not on this machine (apt-get install postgresql): rows lie in SQLite alone")


@pytest.mark.django_db
def test_rows_lie_where_the_name_of_the_test_says(request: pytest.FixtureRequest) -> None:
    second = request.node.name.endswith("[postgresql]")
    assert connection.vendor == ("postgresql" if second else "sqlite")
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()" if second else "SELECT 'SQLite ' || sqlite_version()")
        assert cursor.fetchone()[0].startswith("PostgreSQL" if second else "SQLite")


def test_each_test_of_rows_has_its_second_run(request: pytest.FixtureRequest) -> None:
    if binaries() is None:
        not_run("PostgreSQL's programs are not on this machine")
    assert isinstance(request.node.parent, pytest.Module)
    of_rows = [item.name for item in request.node.parent.collect() if "where_the_name" in item.name]
    first = test_rows_lie_where_the_name_of_the_test_says.__name__
    assert of_rows == [first, f"{first}[postgresql]"]
