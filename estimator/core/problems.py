"""What pydantic found wrong with inputs, said so that a person knows where, what, and the remedy."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from estimator.core.footprint import gettext_noop as _
from estimator.core.inputs import InputProblem, Workload
from estimator.core.levers.settings import SETTINGS, lever_path

_MESSAGES: Final = {
    "missing": _("This is required."),
    "int_type": _("Give a whole number."),
    "int_from_float": _("Give a whole number."),
    "int_parsing_size": _("This number is too large."),
    "float_type": _("Give a number."),
    "string_type": _("Give a text."),
    "bool_type": _("Give true or false."),
    "int_parsing": _("Give a whole number."),
    "float_parsing": _("Give a number."),
    "tuple_type": _("Give a list."),
    "list_type": _("Give a list."),
    "dict_type": _("Give an object."),
    "model_type": _("Give an object."),
    "model_attributes_type": _("Give an object."),
    "finite_number": _("Give a finite number: NaN and infinity are not allowed."),
    "greater_than": _("Give a value above %(gt)s."),
    "greater_than_equal": _("Give a value of at least %(ge)s."),
    "less_than": _("Give a value below %(lt)s."),
    "less_than_equal": _("Give a value of at most %(le)s; is the unit right?"),
    "string_too_short": _("Give at least %(min_length)s characters."),
    "string_too_long": _("Give at most %(max_length)s characters."),
    "too_long": _("Give at most %(max_length)s entries."),
    "literal_error": _("Choose one of: %(expected)s."),
    "string_pattern_mismatch": _("Give a code of two or three letters (ISO 3166), such as FR or FRA."),
    "too_short": _("Give at least %(min_length)s entries."),
    "union_tag_invalid": _("Choose one of: %(expected)s."),
    "union_tag_not_found": _("Choose one of: %(expected)s."),
    "range_incomplete": _(
        "A range needs both of its ends and the value itself. Give all three, or leave the range empty."
    ),
    "range_beside_value": _("The value must lie within its range. Correct the range, or leave both of its ends empty."),
    "pid_missing": _("Give the number of the process."),
    "pid_unasked": _('Leave this out, or choose "process" as the target.'),
    "workload_missing": _("Give the name of the workload."),
    "workload_unasked": _('Leave this out, or choose "workload" as the target.'),
    "extra_forbidden": _("There is no such field; check its spelling, or leave it out."),
}
#: Errors of an object as a whole that name the field to change.
_AT_A_FIELD: Final = (
    *("active_parameters_above_all", "shares_above_all", "lever_settings"),
    *("pid_missing", "pid_unasked", "workload_missing", "workload_unasked"),
    *("range_incomplete", "range_beside_value"),
)
_UNKNOWN_NEAR: Final = _("There is no such field. Did you mean %(near)s?")


def _known_fields(path: Sequence[int | str]) -> list[str]:
    model: Any = Workload
    if path[:1] == ("levers",) and len(path) > 2:
        model, path = SETTINGS.get(str(path[2])), path[3:]
    for part in path:
        inner = model.model_fields.get(str(part)) if isinstance(model, type) and issubclass(model, BaseModel) else None
        if inner is None:
            return []
        model = inner.annotation
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def problems_of(errors: Sequence[ErrorDetails | dict[str, Any]]) -> tuple[InputProblem, ...]:
    """
    Readable problems for the errors of a `pydantic.ValidationError` of a `Workload`.

    Parameters
    ----------
    errors : sequence of dict
        As `ValidationError.errors()` gives them, with `loc` relative to the workload.

    Returns
    -------
    tuple of InputProblem
        One for each error, in the same order. Values that were typed are not repeated in the message.
    """
    problems = []
    for error in errors:
        loc = tuple(error["loc"])
        context = {
            key: value for key, value in (error.get("ctx") or {}).items() if isinstance(value, str | int | float)
        }
        kind = error["type"]
        message = _MESSAGES.get(kind, error["msg"].replace("%", "%%"))
        near: tuple[str, ...] = ()
        if kind == "extra_forbidden":
            near = tuple(get_close_matches(str(loc[-1]), _known_fields(loc[:-1]), n=1))
            if near:
                message, context = _UNKNOWN_NEAR, {"near": near[0]}
        if kind in _AT_A_FIELD:
            loc = (*loc, str(context["field"]))
        if kind in ("union_tag_invalid", "union_tag_not_found"):
            loc, context = (*loc, "lever"), {"expected": ", ".join(SETTINGS)}
        else:
            loc = lever_path(loc)
        # A hostile body may hold a key of any length; the path is for people.
        path = ".".join(str(part)[:60] for part in loc[:12])
        problems.append(InputProblem(path, message, context, near))
    return tuple(problems)
