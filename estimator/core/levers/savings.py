"""
What levers save: the footprint before minus the footprint after, draw by draw.

Both sides see the same draws of every input that they share, so that a doubt about the grid does not look like a doubt
about the lever; and a stack of levers is computed as one run, so that nothing is counted twice.
"""

from typing import Final

import numpy as np

from estimator.core.energy_lines import write_energy
from estimator.core.factors import Factors, LeverCase
from estimator.core.footprint import LeverSaving, LeversTogether, Range
from estimator.core.inputs import Workload
from estimator.core.lines import write_emissions
from estimator.core.sheet import KnownDraws, Sheet
from estimator.core.uncertainty import percentile_range
from estimator.core.units import Quantity

_TOTAL: Final = "total_kgco2e"
_MARKET: Final = "operational_market_based_kgco2e"
_LOCATION: Final = "operational_location_based_kgco2e"
_NOTHING: Final = Range(low=0.0, central=0.0, high=0.0)


def lever_savings(
    workload: Workload, factors: Factors, before: Sheet, known_draws: KnownDraws
) -> tuple[tuple[LeverSaving, ...], LeversTogether | None]:
    """
    What each lever saves alone, and what all of them save together.

    Parameters
    ----------
    workload : Workload
        The run as it is.
    factors : Factors
        Its inputs, with the cases of its levers.
    before : Sheet
        The lines of the run as it is.
    known_draws : mapping
        The draws behind them, to be shared.

    Returns
    -------
    tuple
        Savings in the order of the workload, and the stack where there is one. Negative where a lever costs.
    """
    alone = tuple(_saving(case, workload, before, known_draws) for case in factors.levers)
    case = factors.levers_together
    if case is None:
        return alone, None
    same = next((one for one, its in zip(alone, factors.levers, strict=True) if its is case), None)
    saving = same or _saving(case, workload, before, known_draws)
    return alone, LeversTogether(
        levers=case.levers,
        saving_kgco2e=saving.saving_kgco2e,
        saving_share=saving.saving_share,
        after_kgco2e=saving.after_kgco2e,
    )


def _saving(case: LeverCase, workload: Workload, before: Sheet, known_draws: KnownDraws) -> LeverSaving:
    if case.factors is None:
        saving, share, after_range, market = _NOTHING, _NOTHING, before.known_range(_TOTAL), None
    else:
        after = _written(case, case.factors, known_draws)
        saving, share = saving_between(before, after)
        after_range = after.known_range(_TOTAL)
        market = market_saving(before, after) if case.workload.market_based != workload.market_based else None
    return LeverSaving(
        lever=case.levers[0],
        saving_kgco2e=saving,
        saving_share=share,
        after_kgco2e=after_range,
        market_based_saving_kgco2e=market,
        conditions="\n".join(case.conditions),
        quality_caveat="\n".join(case.quality_caveats),
        source_ids=case.source_ids,
    )


def _written(case: LeverCase, factors: Factors, known_draws: KnownDraws) -> Sheet:
    sheet = Sheet(
        assumptions=factors.assumptions,
        sources=factors.sources,
        draws_count=case.workload.uncertainty.draws_count,
        seed=case.workload.uncertainty.seed,
        adjustments=factors.adjustments,
        known_draws=known_draws,
    )
    write_energy(sheet, case.workload, factors)
    write_emissions(sheet, case.workload)
    return sheet


def saving_between(before: Sheet, after: Sheet) -> tuple[Range, Range]:
    """What is saved of the total between two runs that share their draws, and its share of the first run's."""
    before_central, after_central = before.central(_TOTAL), after.central(_TOTAL)
    before_drawn = before.drawn(_TOTAL)
    saved = before_drawn - after.drawn(_TOTAL)
    saving = percentile_range(central=before_central - after_central, drawn=saved)
    share = percentile_range(
        central=(before_central - after_central) / before_central if before_central > 0.0 else 0.0,
        drawn=_share(saved, before_drawn),
    )
    return saving, share


def _share(saved: Quantity, whole: Quantity) -> Quantity:
    if isinstance(saved, np.ndarray) or isinstance(whole, np.ndarray):
        saved, whole = np.broadcast_arrays(np.asarray(saved), np.asarray(whole))
        return np.divide(saved, whole, out=np.zeros(whole.shape), where=whole > 0.0)
    return saved / whole if whole > 0.0 else 0.0


def market_saving(before: Sheet, after: Sheet) -> Range | None:
    """What is saved by contract; where the first run had none the grid's average stands for it."""
    had = _MARKET if _MARKET in before else _LOCATION
    if _MARKET not in after:
        return None
    return percentile_range(
        central=before.central(had) - after.central(_MARKET), drawn=before.drawn(had) - after.drawn(_MARKET)
    )
