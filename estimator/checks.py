"""What `manage.py check` looks at beyond Django's own: the tables, with those of the operator."""

from typing import Any, Final

from django.core.checks import CheckMessage, Error

from estimator.reference import catalogue
from estimator.reference.tables import TableError

TAG: Final = "reference"


def tables_can_be_read(**kwargs: Any) -> list[CheckMessage]:
    """Every row of every table fits; else which file, line and column does not."""
    try:
        catalogue.shelf().verify()
    except TableError as error:
        hint = "Correct it or take the file away; estimator/reference/data/README.md says what the columns mean."
        return [Error(str(error), hint=hint, id="estimator.E001")]
    return []


def stop_if_tables_are_wrong() -> None:
    """
    End the process with a sentence where the operator's tables cannot be believed: no request should meet them.

    Raises
    ------
    SystemExit
        With file, line, column and reason.
    """
    try:
        if not catalogue.shelf().operator_files:
            return  # the shipped tables were tested
    except TableError:
        pass
    for message in tables_can_be_read():
        raise SystemExit(f"The tables of this installation are wrong: {message.msg}. {message.hint}")
