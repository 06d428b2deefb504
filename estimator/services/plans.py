"""Search for the best plans of a run, at once where it is quick, or as a stored job."""

import logging
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from estimator.core.inputs import InputProblem, InputProblems, Workload
from estimator.core.levers.settings import Lever
from estimator.core.planner.request import PlanRequest
from estimator.core.planner.result import PlanResult
from estimator.core.planner.search import check_request, find_best
from estimator.jobs import JobQueue
from estimator.models import Estimate, JobStatus, Plan
from estimator.reference.plans import baseline, lookups, suggested_choices

logger = logging.getLogger(__name__)

#: Searches share the workers of the estimates: both are a few seconds of arithmetic.
JOBS: Final = JobQueue(model=Plan, task="estimator.run_plan", name="estimates")
#: Up to so many combinations a search is done before the answer is given: a second or two, whatever is in it.
AT_ONCE: Final = 5_000
#: Progress that is worth a write.
_PROGRESS_STEP: Final = 0.05


def submit_plan(
    *, workload: Workload, request: PlanRequest, estimate: Estimate | None = None, owner: User | None = None
) -> Plan:
    """
    Store a search; a small one is done at once, a large one is queued.

    Parameters
    ----------
    workload : Workload
        The run as it is. Its own levers are left out: they are what is searched.
    request : PlanRequest
        What may vary, within which constraints.
    estimate : Estimate, optional
        The stored run that it is about.
    owner : User, optional
        Who asks.

    Raises
    ------
    InputProblems
        If something in it cannot be searched; then nothing is stored.
    """
    run = baseline(workload)
    choices = request.choices if request.choices is not None else suggested_choices(run)
    asked = request.model_copy(update={"choices": choices})
    count = check_request(asked, choices=choices, lookups=lookups(run))
    now = timezone.now()
    row = Plan(
        estimate=estimate,
        owner=owner,
        title=workload.title,
        inputs=run.model_dump(mode="json"),
        request=asked.model_dump(mode="json"),
        combinations_count=count,
        created_at=now,
    )
    if count <= AT_ONCE:
        row.result = _found(run, asked, choices).model_dump(mode="json")
        row.status, row.progress, row.finished_at = JobStatus.DONE, 1.0, timezone.now()
    with transaction.atomic():
        row.save(force_insert=True)
        if row.status == JobStatus.QUEUED:
            transaction.on_commit(lambda: JOBS.send(pk=row.id, now=now))
    return row


def _found(
    run: Workload,
    asked: PlanRequest,
    choices: tuple[Lever, ...],
    progress: Callable[[float], None] = lambda share: None,
) -> PlanResult:
    return find_best(run, asked, choices=choices, lookups=lookups(run), progress=progress)


def run_plan(*, plan_id: uuid.UUID, worker: str) -> bool:
    """Do one stored search; False when somebody else has it, or had it before."""
    token = Plan.objects.claim(pk=plan_id, worker=worker, now=timezone.now())
    if token is None:
        return False
    row = Plan.objects.get(pk=plan_id)
    told = 0.0

    def tell(share: float) -> None:
        nonlocal told
        if share >= told + _PROGRESS_STEP:
            told = share
            # The first twentieth is being claimed, and the last is storing the result.
            Plan.objects.advance(pk=plan_id, token=token, progress=0.05 + 0.9 * share, now=timezone.now())

    try:
        asked = row.asked()
        result = _found(row.workload(), asked, asked.choices or (), tell)
    except InputProblems as error:
        logger.warning("Plan %s asks for what cannot be searched: %s", plan_id, error)
        Plan.objects.filter(pk=plan_id, claim_token=token).update(problems=_plain(error.problems))
        return Plan.objects.fail(pk=plan_id, token=token, now=timezone.now(), error_code="inputs_refused")
    except Exception:
        # Whatever went wrong, the person who waits is told; the log has the details, the page never.
        logger.exception("Plan %s failed", plan_id)
        return Plan.objects.fail(pk=plan_id, token=token, now=timezone.now(), error_code="internal")
    return Plan.objects.finish(pk=plan_id, token=token, now=timezone.now(), result=result.model_dump(mode="json"))


def _plain(problems: tuple[InputProblem, ...]) -> list[dict[str, Any]]:
    return [{"path": one.path, "message": one.message, "text_params": one.text_params} for one in problems]


def retry_plan(*, plan_id: uuid.UUID) -> bool:
    """Queue a failed search again; False if it has not failed."""
    with transaction.atomic():
        now = timezone.now()
        changed = Plan.objects.retry(pk=plan_id, now=now)
        if changed:
            transaction.on_commit(lambda: JOBS.send(pk=plan_id, now=now))
    return changed
