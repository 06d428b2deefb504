"""Live measurement, usable without the web: `with measure() as m: ...`, then `m.result`."""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from estimator.measure.block import measure

__all__ = ["measure"]


def __getattr__(name: str) -> Any:
    """Load what measures a block only when it is asked for: a command line needs none of it."""
    if name == "measure":
        if sys.version_info < (3, 11):  # noqa: UP036  (the Python of another environment may be older)
            raise ImportError(f"Wattprint measures in Python 3.11 or newer, and this is {sys.version.split()[0]}.")
        from estimator.measure.block import measure

        return measure
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
