"""What one component has drawn: its counter where it moves, its power where there is none or it stands still."""

from typing import Final

from estimator.core.measured import counter_energy_j, trapezoid_energy_j
from estimator.measure.samplers import Component, Flag, Measure, Quality, Reading

#: A counter that tells this many times the limit of its component was reset, not passed.
IMPLAUSIBLE_FACTOR: Final = 3.0
#: Even a slow counter of a part that draws moves within this time. [s]
SHORTEST_FREEZE_S: Final = 2.0
#: Below this a part counts as asleep, and its counter may rest. [W]
ASLEEP_W: Final = 0.5


class Track:
    """
    One component, reading after reading.

    Parameters
    ----------
    component : Component
        What is read.
    interval_s : float
        Time between two samples. [s]
    """

    def __init__(self, component: Component, *, interval_s: float) -> None:
        self.component = component
        self.quality: Quality = component.quality
        self._interval_s = interval_s
        period_s = component.update_period_s or 0.0
        self._frozen_after_s = max(SHORTEST_FREEZE_S, 3 * interval_s, 3 * period_s)
        self._at_s: float | None = None
        self._reading = Reading()
        self._still_since_s: float | None = None
        self._advanced_j = 0.0  #: counted by power while the counter stood still, to be taken off when it moves
        self._frozen = False
        self._energy_j = 0.0
        self._from_s = 0.0
        self._flags: set[Flag] = set()

    @property
    def needs_power(self) -> bool:
        """Whether its power has to be read often, because no counter keeps count of it."""
        return self._reading.power_w is not None and (self._frozen or self._reading.energy_j is None)

    def feed(self, at_s: float, reading: Reading | None) -> None:
        """Take a reading; None where the component could not be read."""
        if reading is None:
            return
        if self._at_s is None:
            self._at_s, self._reading, self._from_s = at_s, reading, at_s
            return
        span_s = at_s - self._at_s
        if span_s <= 0.0:
            return
        if span_s > max(2.5 * self._interval_s, self._interval_s + 0.5):
            self._flags.add("gap")
        self._energy_j += self._energy_between_j(self._at_s, span_s, reading)
        self._at_s, self._reading = at_s, reading

    def take(self) -> Measure | None:
        """What was drawn since the last time; None where nothing could be read."""
        if self._at_s is None or self._at_s <= self._from_s:
            return None
        flags: tuple[Flag, ...] = tuple(sorted(self._flags))
        measure = Measure(
            energy_j=self._energy_j,
            power_w=self._energy_j / (self._at_s - self._from_s),
            quality=self.quality,
            flags=flags,
        )
        self._energy_j, self._from_s = 0.0, self._at_s
        self._flags = {"frozen"} if self._frozen else set()
        return measure

    def _energy_between_j(self, before_s: float, span_s: float, reading: Reading) -> float:
        by_power_j = 0.0
        if self._reading.power_w is not None and reading.power_w is not None:
            by_power_j = trapezoid_energy_j(before_w=self._reading.power_w, after_w=reading.power_w, duration_s=span_s)
        if self._reading.energy_j is None or reading.energy_j is None:
            return by_power_j
        if self._frozen and reading.power_w is not None:
            return by_power_j
        by_counter_j = self._by_counter_j(self._reading.energy_j, reading.energy_j, span_s, reading.wraps_at_j)
        if by_counter_j is None:
            self._flags.add("reset")
            return by_power_j
        if by_counter_j > 0.0:
            self._still_since_s, self._frozen = None, False
            owed_j, self._advanced_j = self._advanced_j, 0.0
            # What the power said meanwhile was counted already.
            return by_counter_j - owed_j if by_counter_j > owed_j else 0.0
        return self._standing_still_j(before_s, span_s, by_power_j, has_power=reading.power_w is not None)

    def _by_counter_j(self, before_j: float, after_j: float, span_s: float, wraps_at_j: float | None) -> float | None:
        energy_j = counter_energy_j(before_j=before_j, after_j=after_j, wraps_at_j=wraps_at_j)
        limit_w = self.component.limit_w
        if energy_j is not None and after_j < before_j:
            if limit_w is not None and energy_j > IMPLAUSIBLE_FACTOR * limit_w * span_s:
                return None
            self._flags.add("wrapped")
        return energy_j

    def _standing_still_j(self, before_s: float, span_s: float, by_power_j: float, *, has_power: bool) -> float:
        if self.component.quality == "modelled" or (has_power and by_power_j <= ASLEEP_W * span_s):
            return by_power_j
        if self._still_since_s is None:
            self._still_since_s = before_s
        self._advanced_j += by_power_j
        if before_s + span_s - self._still_since_s >= self._frozen_after_s:
            self._frozen = True
            self._advanced_j = 0.0
            self._flags.add("frozen")
            if has_power:
                self.quality = "sampled"
        return by_power_j
