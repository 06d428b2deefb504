"""The databases of the tests of rows: each such test is run on SQLite and, in the same process, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@contextmanager
def default_database(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let the queries of all threads go to this database."""
    from django.db import connections

    before, settings_before = connections["default"], connections.settings["default"]
    connections.settings["default"], connections["default"] = connection.settings_dict, connection
    _forget_rows()
    try:
        yield
    finally:
        connections.settings["default"], connections["default"] = settings_before, before
        _forget_rows()


def _forget_rows() -> None:
    """What a process remembers of the rows of its one database."""
    from django.contrib.contenttypes.models import ContentType

    from estimator.services import datasets

    ContentType.objects.clear_cache()
    datasets._keep.cache_clear()
    datasets._opened.cache_clear()


def database_with_tables(server_url: str) -> BaseDatabaseWrapper:
    """A new database of a PostgreSQL server, brought up to date by the migrations."""
    import dj_database_url
    import psycopg
    from django.core.management import call_command
    from django.db.utils import ConnectionHandler

    name = "rows"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    url = f"{server_url.rpartition('/')[0]}/{name}"
    parsed: Any = dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True)
    connection = ConnectionHandler({"default": parsed})["default"]
    with default_database(connection):
        call_command("migrate", verbosity=0)
    return connection


def flush_by_deleting() -> None:
    """
    Let Django's tests that commit leave empty tables by DELETE.

    They are full of a row or two, and TRUNCATE costs PostgreSQL as much for a table as for a million rows. What the
    migrations made stays: content types and permissions would be made again after each test.
    """
    from django.apps import apps
    from django.core.management import get_commands
    from django.core.management.commands import flush
    from django.db import connections, transaction

    kept = {apps.get_model(name)._meta.db_table for name in ("contenttypes.ContentType", "auth.Permission")}

    class DeleteRows(flush.Command):
        def handle(self, **options: Any) -> None:
            assert not options["reset_sequences"]
            connection = connections[options["database"]]
            # Foreign keys are looked at when it is committed, so any order will do.
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                for table in connection.introspection.django_table_names(include_views=False):
                    if table not in kept:
                        cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")

    commands: dict[str, Any] = get_commands()
    commands["flush"] = DeleteRows()
