"""Live measurement, usable without the web: `with measure() as m: ...`, then `m.result`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from estimator.measure.block import measure

__all__ = ["measure"]


def __getattr__(name: str) -> Any:
    """Load what measures a block only when it is asked for: a command line needs none of it."""
    if name == "measure":
        from estimator.measure.block import measure

        return measure
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
