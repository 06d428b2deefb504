"""What would save most on one run, tried at once; nothing is stored."""

from estimator.core.inputs import Uncertainty, Workload
from estimator.core.levers.advice import Advice, advice, screen
from estimator.models import Estimate
from estimator.reference import catalogue
from estimator.reference.advice import advice_candidates, on_run
from estimator.reference.scenarios import present_run
from estimator.services.scenarios import run_of

#: Draws behind the ranges of an advice: a page waits for it.
MOST_DRAWS = 10_000


def advise(*, workload: Workload) -> Advice:
    """
    The few levers that would save most on a run, each alone, with its range.

    The same run with the same tables gives the same advice.

    Raises
    ------
    InputProblems
        If the run itself cannot be computed with the tables of now.
    """
    run, factors = present_run(workload)
    told = run.uncertainty
    quick = run.model_copy(update={"uncertainty": Uncertainty(draws_count=0, seed=told.seed)})
    ranged = run.model_copy(
        update={"uncertainty": Uncertainty(draws_count=min(told.draws_count, MOST_DRAWS), seed=told.seed)}
    )
    screening = screen(quick, factors, advice_candidates(quick, factors))
    return advice(
        ranged, factors, screening, on_run(screening.told, ranged, factors), sources=catalogue.shelf().sources
    )


def advise_on(*, estimate: Estimate) -> Advice:
    """
    The same for a stored run.

    Raises
    ------
    InputProblems
        If the catalogue does not know any more what the run names.
    """
    return advise(workload=run_of(estimate=estimate))
