"""Checks of a total that a tool states itself: in range, and one that fits the power and the time beside it."""

import math
from typing import Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_ENERGY_KWH, ImportedMeasurement

#: What a wrong unit looks like: kWh for joules, watts for milliwatts, seconds for milliseconds, and their inverses.
_UNIT_FACTORS: Final = (3.6e6, 3.6e3, 1e3, 60.0)
#: Below this mean draw nothing computes. [W]
_LEAST_DRAW_W: Final = 0.5


def checked(found: ImportedMeasurement, notes: Notes) -> ImportedMeasurement:
    """
    The measurement, if its energy can be one.

    Parameters
    ----------
    found : ImportedMeasurement
        What a reader made of the file.
    notes : Notes
        Of the same reading, for the refusal.

    Returns
    -------
    ImportedMeasurement
        The same one.

    Raises
    ------
    UnreadableFile
        If the energy is not above zero, or is beyond every run.
    """
    if not math.isfinite(found.energy_kwh) or found.energy_kwh > MAX_ENERGY_KWH:
        raise notes.refuse("implausible", _("The energies of this file are too large to be those of a run."))
    if found.energy_kwh <= 0:
        raise notes.no_total()
    return found


def check_against_power(energy_kwh: float, mean_power_w: float, duration_s: float, notes: Notes, *, line: int) -> None:
    """Warn where an energy is off by the factor of a wrong unit from the power times the time beside it."""
    expected_kwh = mean_power_w * duration_s / 3.6e6
    if expected_kwh <= 0 or energy_kwh <= 0:
        return
    off = abs(math.log(energy_kwh / expected_kwh))
    for factor in _UNIT_FACTORS:
        if abs(off - math.log(factor)) < math.log(1.5):
            notes.warn(
                "unit_doubtful",
                _(
                    "Line %(line)s: the energy is about %(factor)s times off from its power times its time; a unit may "
                    "be wrong (mW and W, J and kWh, ms and s)."
                ),
                {"line": line, "factor": f"{factor:g}"},
            )
            return


def check_mean_power(energy_kwh: float, duration_s: float | None, notes: Notes) -> None:
    """Warn of a mean draw at which nothing computes."""
    if duration_s and 0 < energy_kwh * 3.6e6 / duration_s < _LEAST_DRAW_W:
        notes.warn(
            "draw_too_low",
            _("The mean draw is only %(watts)s W, which no computer reaches; the tool has missed most of it."),
            {"watts": f"{energy_kwh * 3.6e6 / duration_s:.2g}"},
        )
