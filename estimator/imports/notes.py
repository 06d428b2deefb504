"""What is found out while a file is read: rows left out, warnings, names. Bounded against hostile files."""

from collections.abc import Mapping
from typing import Any

from estimator.core.footprint import gettext_noop as _
from estimator.imports.result import (
    MAX_NAME_CHARS,
    MAX_NAMES,
    MAX_ROW_ERRORS,
    ImportNotice,
    RowError,
    UnreadableFile,
)


class Notes:
    """The notebook of one reading."""

    def __init__(self) -> None:
        self.rows_count = 0
        self.errors: list[RowError] = []
        self.errors_count = 0
        self.warnings: dict[str, ImportNotice] = {}
        self.names: dict[str, None] = {}

    def row_error(self, line: int, message: str, text_params: Mapping[str, Any] | None = None) -> None:
        """Leave one row out."""
        self.errors_count += 1
        if len(self.errors) < MAX_ROW_ERRORS:
            self.errors.append(RowError(line, message, dict(text_params or {})))

    def warn(self, code: str, message: str, text_params: Mapping[str, Any] | None = None) -> None:
        """Say something once, however often it is found."""
        self.warnings.setdefault(code, ImportNotice(code, message, dict(text_params or {})))

    def name(self, text: str) -> None:
        """Keep a name as plain text."""
        text = text.strip()[:MAX_NAME_CHARS]
        if text and len(self.names) < MAX_NAMES:
            self.names[text] = None

    def kept(self) -> dict[str, Any]:
        """The notes as fields of the result."""
        if self.errors_count:
            self.warn(
                "rows_left_out",
                _("%(count)s of %(rows)s rows could not be read and are left out."),
                {"count": self.errors_count, "rows": self.rows_count},
            )
        return {
            "rows_count": self.rows_count,
            "row_errors": tuple(self.errors),
            "row_errors_count": self.errors_count,
            "warnings": tuple(self.warnings.values()),
            "names": tuple(self.names),
        }

    def refuse(
        self,
        code: str,
        message: str,
        text_params: Mapping[str, Any] | None = None,
        *,
        line: int | None = None,
        ask: tuple[str, ...] = (),
    ) -> UnreadableFile:
        """The refusal of the file, with what was found so far."""
        return UnreadableFile(
            code,
            message,
            text_params,
            line=line,
            ask=ask,
            rows_count=self.rows_count,
            row_errors=self.errors,
            row_errors_count=self.errors_count,
        )

    def no_total(self) -> UnreadableFile:
        """Readable, and without an energy."""
        return self.refuse(
            "no_total",
            _(
                "The file holds no energy that could be taken over: it needs an energy, or at least two power readings "
                "at different times."
            ),
        )

    def no_rows(self) -> UnreadableFile:
        """A header and nothing below."""
        return self.refuse("no_rows", _("The file holds column names and no rows; let the tool run to its end first."))
