"""Levers on the work that is asked for: less training, shorter answers, more requests at once."""

import math
from dataclasses import replace
from typing import Final

from estimator.core.footprint import gettext_noop
from estimator.core.levers.model import refuse_items
from estimator.core.levers.plan import Knowledge, LeverProblem, Plan, RunFacts, Triple, certain, powered, scaled
from estimator.core.levers.settings import BatchSize, EarlyStopping, OutputLength, Reuse
from estimator.core.levers.targets import REQUEST_TIMES, counts_tokens, time_targets

_TRAINING_ONLY: Final = gettext_noop(
    "This lever acts on a training. Choose the activity training, or leave the lever out."
)
_REQUESTS_ONLY: Final = gettext_noop(
    "This lever acts on requests and their tokens, which the method %(method)s does not know. Choose the method "
    "inference_tokens."
)
_HOURS_UNKNOWN: Final = gettext_noop(
    "The hours of the run are not given. Give training_tokens or stopped_share, or choose the method device_hours."
)
_TOKENS_UNKNOWN: Final = gettext_noop(
    "The tokens of the run are not given. Give duration_h or stopped_share, or choose the method training_flop."
)
_LONGER: Final = gettext_noop("This is more than the run takes now. Give less.")
_BASE_APART: Final = gettext_noop(
    "The base model's training is not counted: whoever trained it answers for it (cut-off)."
)
_BASE_SHARED: Final = gettext_noop("The base model's training is taken as this run; a share of it is added.")


def _refuse_service(plan: Plan) -> None:
    if plan.workload.activity != "training":
        raise LeverProblem("lever", _TRAINING_ONLY)


def _refuse_hours(plan: Plan, facts: RunFacts) -> None:
    if not counts_tokens(plan, facts):
        raise LeverProblem("lever", _REQUESTS_ONLY, method=facts.method)


# --- training ----------------------------------------------------------------------------------------------------


def reuse(plan: Plan, lever: Reuse, knowledge: Knowledge) -> Plan:
    """
    Start from a model that others trained.

    The new training takes a part of the operations of this one, and answers for a share of the base model's own
    training, which is taken as this run: none, one of so many reuses, or in proportion to the operations.
    """
    _refuse_service(plan)
    facts = knowledge.facts(plan.workload)
    base_tokens = facts.training_tokens
    if lever.training_tokens is not None and base_tokens:
        row = knowledge.evidence("reuse", "operations", setting=lever.kind)
        ratio = scaled(row.triple, lever.training_tokens / base_tokens)
    else:
        row = knowledge.evidence("reuse", "training_time", setting=lever.kind)
        ratio = row.triple
    plan = plan.changed("reuse", "training_time", ratio, time_targets(plan, facts), row=row)
    if lever.base_model_share == "cut_off":
        return plan.said(_BASE_APART)
    return _with_base(plan, lever, facts, ratio).said(_BASE_SHARED)


def _with_base(plan: Plan, lever: Reuse, facts: RunFacts, ratio: Triple) -> Plan:
    if lever.base_model_share == "amortised":
        share = 1.0 / (lever.expected_reuses_count or 1)
    else:
        share = ratio[1] / (1.0 + ratio[1])
    # The factor becomes new training plus share, still one uncertain number.
    *others, factor = plan.factors
    if factor.name != "reuse_training_time":
        return plan.changed("reuse", "base", certain(1.0 + share), time_targets(plan, facts))
    added = factor.model_copy(
        update={"value": factor.value + share, "low": factor.low + share, "high": factor.high + share}
    )
    return replace(plan, factors=(*others, added))


def stop_early(plan: Plan, lever: EarlyStopping, knowledge: Knowledge) -> Plan:
    """Leave out the part of the training that made nothing better."""
    _refuse_service(plan)
    facts = knowledge.facts(plan.workload)
    if lever.stopped_share is not None:
        left = 1.0 - lever.stopped_share
    elif lever.training_tokens is not None:
        if not facts.training_tokens:
            raise LeverProblem("training_tokens", _TOKENS_UNKNOWN)
        left = lever.training_tokens / facts.training_tokens
    elif lever.duration_h is not None:
        if plan.workload.duration_h is None or facts.method == "training_flop":
            raise LeverProblem("duration_h", _HOURS_UNKNOWN)
        left = lever.duration_h / plan.workload.duration_h
    else:
        row = knowledge.evidence("early_stopping", "training_time")
        return plan.changed("early_stopping", "training_time", row.triple, time_targets(plan, facts), row=row)
    if left > 1.0:
        raise LeverProblem("training_tokens" if lever.training_tokens else "duration_h", _LONGER)
    if left == 1.0:
        return plan
    row = knowledge.evidence("early_stopping", "training_time", setting="given")
    return plan.cited(row).changed("early_stopping", "training_time", certain(left), time_targets(plan, facts))


# --- requests ----------------------------------------------------------------------------------------------------


def shorten(plan: Plan, lever: OutputLength, knowledge: Knowledge) -> Plan:
    """Answer in fewer tokens, and some requests from a cache."""
    facts = knowledge.facts(plan.workload)
    asked = plan.workload.inference
    if lever.cached_share:
        if facts.method != "inference_tokens":
            raise LeverProblem("cached_share", _REQUESTS_ONLY, method=facts.method)
        row = knowledge.evidence("output_length", "requests", setting="cached")
        plan = plan.cited(row).changed(
            "output_length", "requests", certain(1.0 - lever.cached_share), ("requests_count",)
        )
    if lever.output_tokens is None or lever.output_tokens == asked.output_tokens:
        return plan
    refuse_items(plan, facts)
    _refuse_hours(plan, facts)
    row = knowledge.evidence("output_length", "request_time_per_tenfold")
    doubt = powered(row.triple, _tenfolds(asked.output_tokens, lever.output_tokens))
    plan = plan.with_fields("inference", output_tokens=lever.output_tokens)
    return plan.changed("output_length", "request_time", doubt, REQUEST_TIMES, row=row)


def batch(plan: Plan, lever: BatchSize, knowledge: Knowledge) -> Plan:
    """Serve another number of requests at once: they share the reading of the weights."""
    facts = knowledge.facts(plan.workload)
    refuse_items(plan, facts)
    _refuse_hours(plan, facts)
    if lever.batch_size == plan.workload.inference.batch_size:
        return plan
    row = knowledge.evidence("batch_size", "request_time_per_tenfold")
    doubt = powered(row.triple, _tenfolds(lever.batch_size, plan.workload.inference.batch_size))
    plan = plan.with_fields("inference", batch_size=lever.batch_size)
    return plan.changed("batch_size", "request_time", doubt, REQUEST_TIMES, row=row)


def _tenfolds(before: int | None, after: int | None) -> float:
    """Tenfolds from one number to another; one where either is unknown or nothing."""
    return math.log10(before / after) if before and after else 1.0
