"""What a file does not say and its owner does: asked for only where a guess would be one."""

from dataclasses import dataclass
from typing import Final, Literal

PowerUnit = Literal["mW", "W", "kW"]
TimeUnit = Literal["ms", "s", "min", "h"]

POWER_UNITS: Final[dict[PowerUnit, float]] = {"mW": 1e-3, "W": 1.0, "kW": 1e3}
TIME_UNITS: Final[dict[TimeUnit, float]] = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Answers:
    """The owner's word on a file; beats every guess, and nothing that the file states itself."""

    interval_s: float | None = None  #: time between two rows of a file without times
    power_unit: PowerUnit | None = None
    time_unit: TimeUnit | None = None  #: of times that are plain numbers

    def __post_init__(self) -> None:
        if self.interval_s is not None and not 0 < self.interval_s <= 86_400:
            raise ValueError("interval_s lies above 0 and is at most 86400")
