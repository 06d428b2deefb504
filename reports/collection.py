"""
Several runs as one: totals, the honest range of a sum, and one row a run.

Central values are added. How far the sum may be off depends on what the runs share. Where they stand on the same grid
factor, the same PUE and the same hardware figures, they are all off in the same direction, and the low ends and the
high ends are added: the widest that it can be, and the range that is shown. Were they independent, the distances from
the centre would add as squares; that narrower range is said beside it, and the truth lies between the two.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from estimator.core.footprint import Footprint, Quality, Range


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of many."""

    number: int
    id: str
    title: str
    made_on: date
    activity: Literal["training", "inference"]
    method: str
    quality: Quality
    facility_energy_kwh: Range
    operational_kgco2e: Range
    embodied_kgco2e: Range | None
    market_based_kgco2e: Range | None
    total_kgco2e: Range
    water_l: Range | None
    engine_version: str
    dataset_version: str
    input_digest: str


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum over runs."""

    name: str
    unit: str
    amount: Range  #: all runs off in the same direction
    independent: Range  #: each run off by itself
    runs_count: int  #: that have this quantity


@dataclass(frozen=True, slots=True)
class MonthRow:
    """The runs of one month."""

    month: date
    runs_count: int
    total_kgco2e: float


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """Everything that a report over several runs shows."""

    title: str
    runs: tuple[RunRow, ...]  #: in the order given
    energy: Sum
    operational: Sum
    embodied: Sum | None
    total: Sum
    water: Sum | None
    months: tuple[MonthRow, ...]
    alike_count: int  #: runs whose inputs are exactly those of a run before
    without_embodied_count: int
    engine_versions: tuple[str, ...]
    dataset_versions: tuple[str, ...]

    @property
    def largest(self) -> tuple[RunRow, ...]:
        """The runs by their total, largest first."""
        return tuple(sorted(self.runs, key=lambda run: (-run.total_kgco2e.central, run.number)))

    @property
    def first_day(self) -> date:
        """The day of the earliest run."""
        return min(run.made_on for run in self.runs)

    @property
    def last_day(self) -> date:
        """The day of the latest run."""
        return max(run.made_on for run in self.runs)


def run_row(footprint: Footprint, *, number: int, estimate_id: str, made_on: date) -> RunRow:
    """The row of one run; the footprint itself can be let go, which is what keeps a long report small."""
    result = footprint.result
    return RunRow(
        number=number,
        id=estimate_id,
        title=footprint.title,
        made_on=made_on,
        activity=footprint.activity,
        method=footprint.method_told,
        quality=footprint.quality,
        facility_energy_kwh=result.facility_energy_kwh,
        operational_kgco2e=result.operational_location_based_kgco2e,
        embodied_kgco2e=result.embodied_share_kgco2e,
        market_based_kgco2e=result.operational_market_based_kgco2e,
        total_kgco2e=result.total_kgco2e,
        water_l=result.water_l,
        engine_version=footprint.engine_version,
        dataset_version=footprint.dataset_version,
        input_digest=footprint.input_digest,
    )


def collect(runs: Sequence[RunRow], *, title: str) -> CollectionSummary:
    """
    Add runs up.

    Parameters
    ----------
    runs : sequence of RunRow
        At least one.
    title : str
        What they are together.

    Returns
    -------
    CollectionSummary
        A quantity that some runs lack is the sum of those that have it, and says how many they are.
    """
    energy = _sum("facility_energy_kwh", "kWh", (run.facility_energy_kwh for run in runs))
    operational = _sum("operational_location_based_kgco2e", "kgCO2e", (run.operational_kgco2e for run in runs))
    total = _sum("total_kgco2e", "kgCO2e", (run.total_kgco2e for run in runs))
    if energy is None or operational is None or total is None:
        raise ValueError("There is nothing to add up")
    return CollectionSummary(
        title=title,
        runs=tuple(runs),
        energy=energy,
        operational=operational,
        embodied=_sum("embodied_share_kgco2e", "kgCO2e", (run.embodied_kgco2e for run in runs)),
        total=total,
        water=_sum("water_l", "L", (run.water_l for run in runs)),
        months=_months(runs),
        alike_count=sum(count - 1 for count in Counter(run.input_digest for run in runs).values()),
        without_embodied_count=sum(run.embodied_kgco2e is None for run in runs),
        engine_versions=tuple(dict.fromkeys(run.engine_version for run in runs)),
        dataset_versions=tuple(dict.fromkeys(run.dataset_version for run in runs)),
    )


def added_ranges(amounts: Sequence[Range]) -> tuple[Range, Range]:
    r"""
    The range of a sum, under two rules.

    Parameters
    ----------
    amounts : sequence of Range
        What is added.

    Returns
    -------
    tuple of Range
        Once with all amounts off together, :math:`\sum l_i` to :math:`\sum h_i`; once with each by itself,
        :math:`c \mp \sqrt{\sum (c_i - l_i)^2}` below and likewise above.

    Examples
    --------
    >>> together, apart = added_ranges([Range(low=7, central=10, high=13), Range(low=16, central=20, high=24)])
    >>> together.low, together.central, together.high, apart.low, apart.high
    (23.0, 30.0, 37.0, 25.0, 35.0)
    """
    central = math.fsum(one.central for one in amounts)
    together = Range(
        low=math.fsum(one.low for one in amounts), central=central, high=math.fsum(one.high for one in amounts)
    )
    below = math.sqrt(math.fsum((one.central - one.low) ** 2 for one in amounts))
    above = math.sqrt(math.fsum((one.high - one.central) ** 2 for one in amounts))
    return together, Range(low=central - below, central=central, high=central + above)


def _sum(name: str, unit: str, amounts: Iterable[Range | None]) -> Sum | None:
    known = [one for one in amounts if one is not None]
    if not known:
        return None
    together, apart = added_ranges(known)
    return Sum(name=name, unit=unit, amount=together, independent=apart, runs_count=len(known))


def _months(runs: Sequence[RunRow]) -> tuple[MonthRow, ...]:
    found: dict[date, list[float]] = {}
    for run in runs:
        found.setdefault(run.made_on.replace(day=1), []).append(run.total_kgco2e.central)
    return tuple(MonthRow(month, len(totals), math.fsum(totals)) for month, totals in sorted(found.items()))
