"""What was drawn in all: the samples of a measurement, summed by component."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from estimator.measure.samplers import QUALITY_ORDER, Component, Flag, Quality, Sample
from estimator.measure.words import plain


@dataclass(frozen=True, slots=True)
class Total:
    """One component over the whole measurement."""

    component: Component
    quality: Quality  #: the worst of its samples
    energy_j: float
    mean_power_w: float
    flags: tuple[Flag, ...] = ()

    @property
    def low_j(self) -> float:
        """5th percentile of the true energy."""
        return self.energy_j * self.component.low

    @property
    def high_j(self) -> float:
        """95th percentile of the true energy."""
        return self.energy_j * self.component.high

    def row(self) -> dict[str, object]:
        """As it is written and sent."""
        row = {
            "name": self.component.name,
            "quality": self.quality,
            "energy_j": self.energy_j,
            "mean_power_w": self.mean_power_w,
            "label": self.component.label,
            "counted": self.component.counted,
            "low": self.component.low,
            "high": self.component.high,
            "note": self.component.note,
        }
        return dict(plain(row))


class Totals:
    """Sums that grow with each sample."""

    def __init__(self) -> None:
        self._energy_j: dict[str, float] = {}
        self._quality: dict[str, Quality] = {}
        self._flags: dict[str, set[Flag]] = {}
        self.flags: set[Flag] = set()
        self.duration_s = 0.0
        self.samples_count = 0

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        self.duration_s += sample.duration_s
        self.samples_count += 1
        self.flags.update(sample.flags)
        for name, measure in sample.components.items():
            self._energy_j[name] = self._energy_j.get(name, 0.0) + measure.energy_j
            self._quality[name] = worst((self._quality.get(name, "counter"), measure.quality))
            self._flags.setdefault(name, set()).update(measure.flags)

    def rows(self, components: Iterable[Component]) -> tuple[Total, ...]:
        """Those of the components that were read at all."""
        return tuple(
            Total(
                component=component,
                quality=self._quality[name],
                energy_j=self._energy_j[name],
                mean_power_w=self._energy_j[name] / self.duration_s if self.duration_s else 0.0,
                flags=tuple(sorted(self._flags[name])),
            )
            for component in components
            if (name := component.name) in self._energy_j
        )


def worst(qualities: Iterable[Quality]) -> Quality:
    """The least certain of several qualities."""
    return max(qualities, key=QUALITY_ORDER.index)


def machine_total(rows: Sequence[Total], scale: Mapping[str, float] | None = None) -> tuple[float, float, float]:
    """
    Energy of the machine with its range, each part counted once.

    Parameters
    ----------
    rows : sequence of Total
        The components.
    scale : mapping, optional
        Share of each component that is counted; all of it by default.

    Returns
    -------
    tuple of float
        5th percentile, central value, 95th percentile. [J]
    """
    low_j = energy_j = high_j = 0.0
    for row in rows:
        if row.component.counted:
            share = 1.0 if scale is None else scale.get(row.component.name, 0.0)
            low_j, energy_j, high_j = (
                low_j + share * row.low_j,
                energy_j + share * row.energy_j,
                high_j + share * row.high_j,
            )
    return low_j, energy_j, high_j
