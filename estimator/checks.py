"""What `manage.py check` looks at beyond Django's own: the operator's tables, laid over the shipped ones."""

from typing import Any, Final

from django.core.checks import CheckMessage, Error

from estimator.reference import catalogue
from estimator.reference.tables import TableError

TAG: Final = "reference"
_HINT: Final = "Correct it or take the file away; estimator/reference/data/README.md says what the columns mean."


def tables_can_be_read(**kwargs: Any) -> list[CheckMessage]:
    """Every row of the operator's fits; else which file, line and column does not. The shipped tables were tested."""
    try:
        if catalogue.shelf().operator_files:
            catalogue.shelf().verify()
    except TableError as error:
        return [Error(str(error), hint=_HINT, id="estimator.E001")]
    return []


def stop_if_tables_are_wrong() -> None:
    """
    End the process with a sentence where the operator's tables cannot be believed: no request should meet them.

    Raises
    ------
    SystemExit
        With file, line, column and reason.
    """
    for message in tables_can_be_read():
        raise SystemExit(f"The reference data cannot be used: {message.msg}. {message.hint}")
