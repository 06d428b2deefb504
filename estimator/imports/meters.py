"""Energy readings: a meter that counts up, or the energy of each interval."""

from itertools import pairwise
from typing import Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.cells import as_datetime
from estimator.imports.notes import Notes
from estimator.imports.result import Component, ImportedMeasurement
from estimator.imports.totals import check_mean_power, checked

#: A meter may start anew this often among its readings, and still is one that counts up.
_MOST_RESTARTS_SHARE: Final = 0.01
#: One that counts up does so in most intervals.
_LEAST_RISES_SHARE: Final = 0.6


class Meter:
    """Readings of one column, in seconds and joules."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self.readings: list[tuple[float, float]] = []

    def add(self, time_s: float, energy_j: float) -> None:
        """One reading."""
        self.readings.append((time_s, energy_j))

    def _energy_j(self, notes: Notes) -> float:
        readings = sorted(dict(self.readings).items())
        differences = [later[1] - earlier[1] for earlier, later in pairwise(readings)]
        falls = sum(difference < 0 for difference in differences)
        rises = sum(difference > 0 for difference in differences)
        counts_up = falls <= max(1, _MOST_RESTARTS_SHARE * len(differences)) and rises > _LEAST_RISES_SHARE * len(
            differences
        )
        if not counts_up:
            notes.warn("intervals", _("The energies do not count up; each is taken as that of its own interval."))
            return sum(energy_j for _time_s, energy_j in self.readings)
        if falls:
            notes.warn("meter_restarted", _("The meter starts anew inside the file; that interval is left out."))
        return sum(max(0.0, difference) for difference in differences)

    @staticmethod
    def measurement(meters: list["Meter"], notes: Notes, *, since_epoch: bool, zone_known: bool) -> ImportedMeasurement:
        """
        The energy of all meters of a file.

        Parameters
        ----------
        meters : list of Meter
            One a column.
        notes : Notes
            What was noted so far.
        since_epoch, zone_known : bool
            What the times are.

        Returns
        -------
        ImportedMeasurement
            Of the kind "plain".

        Raises
        ------
        UnreadableFile
            If fewer than two readings can be used.
        """
        times_s = [time_s for meter in meters for time_s, _energy_j in meter.readings]
        if len(set(times_s)) < 2:
            raise notes.no_total()
        by_component: dict[Component, float] = {}
        for meter in meters:
            kwh = meter._energy_j(notes) / 3.6e6
            by_component[meter.component] = by_component.get(meter.component, 0.0) + kwh
        if not zone_known:
            notes.warn("no_zone", _("The times name no zone; they are taken as UTC. The energy does not depend on it."))
        energy_kwh = sum(by_component.values())
        duration_s = max(times_s) - min(times_s)
        check_mean_power(energy_kwh, duration_s, notes)
        return checked(
            ImportedMeasurement(
                recognised_as="plain",
                energy_kwh=energy_kwh,
                it_energy_kwh=energy_kwh,
                includes_pue=False,
                duration_s=duration_s,
                energy_by_component_kwh=by_component,
                started_at=as_datetime(min(times_s)) if since_epoch else None,
                **notes.kept(),
            ),
            notes,
        )
