"""Stacks of levers against the catalogue: the runs that they make, one lever after the other and each alone."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from estimator.core.factors import Factors, LeverCase
from estimator.core.inputs import InputProblem, InputProblems, Workload
from estimator.core.levers.settings import (
    BatchSize,
    BetterPue,
    Distributed,
    EarlyStopping,
    Federated,
    Lever,
    MixtureOfExperts,
    OtherHardware,
    OutputLength,
    PowerCap,
    Pruning,
    Quantisation,
    Region,
    RenewableContract,
    Reuse,
    TimeShift,
)
from estimator.core.scenarios import Stack
from estimator.reference import catalogue
from estimator.reference.hardware import expanded
from estimator.reference.levers import FactorsOf, refusals, stacked
from estimator.reference.resolve import factors_for
from estimator.reference.shelf import Shelf

#: Each lever with settings that could act, to ask whether it can act on a run at all.
TRIAL_LEVERS: Final[tuple[Lever, ...]] = (
    Pruning(lever="pruning"),
    Quantisation(lever="quantisation", bits=8),
    OtherHardware(lever="hardware", accelerator="nvidia-h100-sxm5-80gb"),
    Distributed(lever="distributed", accelerator_count=4096, scaling_efficiency=0.9),
    Federated(lever="federated", clients_count=10, rounds_count=10, mean_device_power_w=5.0, local_time_s=60.0),
    Reuse(lever="reuse"),
    Region(lever="region", country="SE"),
    TimeShift(lever="time_shift"),
    RenewableContract(lever="renewable_contract"),
    BetterPue(lever="pue", pue=1.1),
    BatchSize(lever="batch_size", batch_size=128),
    PowerCap(lever="power_cap", power_cap_share=0.7),
    EarlyStopping(lever="early_stopping", stopped_share=0.1),
    OutputLength(lever="output_length", output_tokens=100),
    MixtureOfExperts(lever="mixture_of_experts", active_parameters_count=1_000_000_000),
)


def present_run(workload: Workload, *, shelf: Shelf | None = None) -> tuple[Workload, Factors]:
    """
    The run as it is, without levers and with its hardware spelt out, and its factors.

    Raises
    ------
    InputProblems
        If it cannot be computed.
    """
    shelf = shelf or catalogue.shelf()
    bare = workload.model_copy(update={"levers": ()})
    return expanded(bare, shelf).workload, factors_for(bare, shelf=shelf)


def stack_of(
    name: str,
    levers: Sequence[Lever],
    run: Workload,
    factors: Factors,
    *,
    alone: bool = True,
    shelf: Shelf | None = None,
) -> Stack:
    """
    A scenario, resolved.

    Parameters
    ----------
    name : str
        What it is called.
    levers : sequence of Lever
        In any order; of two with the same name the last one holds.
    run, factors : Workload, Factors
        The run as it is, as `present_run` gives it.
    alone : bool, default True
        Whether each lever is also resolved alone, against the run as it is.
    shelf : Shelf, optional
        The reference data.

    Raises
    ------
    InputProblems
        If a lever names what is unknown, or changes what the method cannot express; paths begin with `levers`.
    """
    shelf = shelf or catalogue.shelf()
    factors_of: FactorsOf = partial(factors_for, shelf=shelf)
    levers = tuple({lever.lever: lever for lever in levers}.values())
    stages = stacked(run, factors, levers, shelf=shelf, factors_of=factors_of)
    singles = tuple(
        case
        for lever in levers
        if alone
        for case in _alone(lever, stages, run, factors, shelf=shelf, factors_of=factors_of)
    )
    sources = {source_id: shelf.sources[source_id] for case in (*stages, *singles) for source_id in case.source_ids}
    return Stack(
        name=name,
        levers=levers,
        factors=replace(factors, levers=singles, levers_together=None, sources={**factors.sources, **sources}),
        stages=stages,
    )


def _alone(
    lever: Lever, stages: tuple[LeverCase, ...], run: Workload, factors: Factors, *, shelf: Shelf, factors_of: FactorsOf
) -> tuple[LeverCase, ...]:
    if stages[0].levers == (lever.lever,):
        return stages[:1]
    try:
        return stacked(run, factors, (lever,), shelf=shelf, factors_of=factors_of)
    except InputProblems:
        # It acts only after another one, such as on an accelerator whose figures are published.
        return ()


def trial_refusals(run: Workload, factors: Factors, *, shelf: Shelf | None = None) -> dict[str, InputProblem]:
    """Levers that cannot act on a run at all, each with the reason."""
    return refusals(run, factors, TRIAL_LEVERS, shelf=shelf or catalogue.shelf())
