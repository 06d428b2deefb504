"""Levers on the model itself: fewer weights, fewer bits, fewer of them at work."""

from typing import Final

from estimator.core.footprint import gettext_noop
from estimator.core.inputs import Precision
from estimator.core.levers.plan import Board, Evidence, Knowledge, LeverProblem, Plan, RunFacts, Triple, certain, scaled
from estimator.core.levers.settings import BITS, MixtureOfExperts, Pruning, Quantisation
from estimator.core.levers.targets import REQUEST_PRODUCTS, REQUEST_TIMES, counts_tokens, time_targets
from estimator.core.units import S_PER_H, W_PER_KW

#: Boards with units for products of 8-bit floating-point numbers.
FP8_FAMILIES: Final = frozenset({"Ada Lovelace", "Hopper", "Blackwell", "Blackwell Ultra", "CDNA 3", "CDNA 4"})
#: Boards that skip two of every four weights.
TWO_FOUR_FAMILIES: Final = frozenset({"Ampere", "Ada Lovelace", "Hopper", "Blackwell", "Blackwell Ultra"})
#: A model that is trained again after pruning: utilisation, draw over limit, energy of the server over the board's. [1]
RETRAINING_MFU: Final = 0.3
RETRAINING_UTILISATION: Final = 0.8
RETRAINING_SERVER: Final = 1.35

_NO_KERNELS: Final = gettext_noop(
    "Single zeros are multiplied like any other number unless the software skips them: nothing is saved but memory on "
    "disk. Set sparse_kernels where it does."
)
_NO_UNITS: Final = gettext_noop("This accelerator has no units that skip two of every four weights: nothing is saved.")
_SAVES_IN_SERVICE: Final = gettext_noop("A pruned model saves where it is served; in training it costs.")
_NO_SIZE: Final = gettext_noop(
    "What retraining costs is left out: the size of the model or the accelerator is unknown."
)
_SAME_BITS: Final = gettext_noop("The run has this precision already.")
_ITEMS: Final = gettext_noop(
    "The published energy of one item says nothing of the model. Give input_tokens and output_tokens instead of the "
    "task, for the method inference_tokens."
)
_MIXTURE_SIZE: Final = gettext_noop("Give active_parameters_count: how many work on one token.")


def refuse_items(plan: Plan, facts: RunFacts) -> None:
    """Refuse what the published energy of one item cannot tell."""
    if facts.method == "inference_tokens" and not counts_tokens(plan, facts):
        raise LeverProblem("lever", _ITEMS)


# --- pruning -----------------------------------------------------------------------------------------------------


def prune(plan: Plan, lever: Pruning, knowledge: Knowledge) -> Plan:
    """
    Leave weights out.

    Structured pruning takes parameters away, and the formulas do the rest; its retraining is added. Two of four and
    single zeros leave the size alone: they shorten products, where hardware and software skip them.
    """
    share = lever.pruned_share
    if share == 0.0:
        return plan
    facts = knowledge.facts(plan.workload)
    refuse_items(plan, facts)
    if plan.workload.activity == "training":
        return _pruned_training(plan, lever, facts, knowledge)
    if lever.kind == "structured":
        return _pruned_structure(plan, lever, facts, knowledge)
    if lever.kind == "two_four":
        if facts.board is not None and facts.board.family not in TWO_FOUR_FAMILIES:
            return plan.said(_NO_UNITS)
        quantity = "products" if counts_tokens(plan, facts) else "time"
        row = knowledge.evidence("pruning", quantity, setting="two_four")
        return plan.changed("pruning", quantity, row.triple, _shortened(plan, facts), row=row)
    if not lever.sparse_kernels:
        row = knowledge.evidence("pruning", "time", setting="unstructured")
        return plan.cited(row).said(_NO_KERNELS)
    row = knowledge.evidence("pruning", "time_of_pruned", setting="sparse_kernels")
    return plan.changed("pruning", "time", _in_part(row, share), _shortened(plan, facts), row=row)


def _shortened(plan: Plan, facts: RunFacts) -> tuple[str, ...]:
    return REQUEST_PRODUCTS if counts_tokens(plan, facts) else time_targets(plan, facts)


def _in_part(row: Evidence, share: float) -> Triple:
    """Time that is left, where the row says how much of the pruned work is really saved."""
    return 1.0 - share * row.high, 1.0 - share * row.central, 1.0 - share * row.low


def _pruned_training(plan: Plan, lever: Pruning, facts: RunFacts, knowledge: Knowledge) -> Plan:
    if lever.kind == "unstructured":
        row = knowledge.evidence("pruning", "time", setting="unstructured")
        return plan.cited(row).said(_NO_KERNELS, _SAVES_IN_SERVICE)
    row = knowledge.evidence("pruning", "training_time", setting=lever.kind)
    return plan.changed("pruning", "training_time", row.triple, time_targets(plan, facts), row=row).said(
        _SAVES_IN_SERVICE
    )


def _pruned_structure(plan: Plan, lever: Pruning, facts: RunFacts, knowledge: Knowledge) -> Plan:
    left = 1.0 - lever.pruned_share
    if not counts_tokens(plan, facts) or facts.parameters_count is None or facts.active_parameters_count is None:
        row = knowledge.evidence("pruning", "time_of_pruned", setting="structured")
        plan = plan.changed("pruning", "time", _in_part(row, lever.pruned_share), time_targets(plan, facts), row=row)
        return plan.said(_NO_SIZE)
    plan = plan.with_fields(
        "model",
        preset=None,
        parameters_count=max(round(facts.parameters_count * left), 1),
        active_parameters_count=max(round(facts.active_parameters_count * left), 1),
    )
    row = knowledge.evidence("pruning", "request_time", setting="structured")
    plan = plan.changed("pruning", "request_time", row.triple, REQUEST_TIMES, row=row)
    row = knowledge.evidence("pruning", "retraining_tokens_per_parameter", setting="structured")
    return _retrained(plan, lever, facts.active_parameters_count * left, facts.board, row)


def _retrained(plan: Plan, lever: Pruning, parameters_count: float, board: Board | None, row: Evidence) -> Plan:
    """Add the time and the energy of training the pruned model again."""
    if board is None or board.peak_flops is None or board.tdp_w is None:
        return plan.said(_NO_SIZE)
    tokens = scaled(row.triple, parameters_count)
    if lever.retraining_tokens is not None:
        tokens = certain(float(lever.retraining_tokens))
    flop_h = 6.0 * parameters_count / (board.peak_flops * RETRAINING_MFU * S_PER_H)
    kw = board.tdp_w * RETRAINING_UTILISATION * RETRAINING_SERVER / W_PER_KW
    return plan.changed(
        "pruning",
        "retraining_h",
        scaled(tokens, flop_h),
        (f"{plan.run}accelerator_hours", f"{plan.run}it_energy_kwh"),
        row=row,
        operation="plus",
        unit="h",
        scales=(1.0, kw),
    )


# --- quantisation ------------------------------------------------------------------------------------------------


def quantise(plan: Plan, lever: Quantisation, knowledge: Knowledge) -> Plan:
    """
    Hold weights, or weights and activations, in other bits.

    In serving, bytes and peak rate follow from the precision, and with the bytes the accelerators that hold the model.
    What kernels then lose of it is the factor: more on small models than on large ones.
    """
    facts = knowledge.facts(plan.workload)
    refuse_items(plan, facts)
    fast_8_bit = facts.board is not None and facts.board.family in FP8_FAMILIES
    if plan.workload.activity == "training":
        return _quantised_training(plan, lever, facts, knowledge, fast_8_bit=fast_8_bit)
    present = plan.workload.inference.precision or "bf16"
    if BITS[present] == lever.target_bits:
        return plan.said(_SAME_BITS)
    target = lever.precision or _precision(lever, fast_8_bit=fast_8_bit)
    setting = f"{target}_weights" if lever.weights_only and lever.target_bits == 8 else target
    if lever.target_bits > BITS[present]:
        setting = "wider"
    elif setting == "int4" and not lever.weights_only:
        setting = "int4_both"
    where = {"setting": setting, "model_class": facts.size_class, "hardware": _units(facts, fast_8_bit=fast_8_bit)}
    if not counts_tokens(plan, facts):
        row = knowledge.evidence("quantisation", "time", **where)
        return plan.changed("quantisation", "time", row.triple, time_targets(plan, facts), row=row)
    row = knowledge.evidence(
        "quantisation", "request_time", regime=_regime(plan.workload.inference.batch_size), **where
    )
    plan = plan.with_fields("inference", precision=target)
    return plan.changed("quantisation", "request_time", row.triple, REQUEST_TIMES, row=row)


def _units(facts: RunFacts, *, fast_8_bit: bool) -> str:
    if facts.board is None:
        return ""
    return "fp8" if fast_8_bit else "no_fp8"


def _precision(lever: Quantisation, *, fast_8_bit: bool) -> Precision:
    of_bits: dict[int, Precision] = {
        32: "fp32", 16: "bf16", 8: "fp8" if fast_8_bit and not lever.weights_only else "int8", 4: "int4"
    }  # fmt: skip
    return of_bits[lever.target_bits]


def _regime(batch_size: int | None) -> str:
    if batch_size is None:
        return "unknown"
    return next(
        name
        for least, name in ((65, "batch_65"), (17, "batch_17"), (8, "batch_8"), (1, "batch_1"))
        if batch_size >= least
    )


def _quantised_training(
    plan: Plan, lever: Quantisation, facts: RunFacts, knowledge: Knowledge, *, fast_8_bit: bool
) -> Plan:
    present = BITS[plan.workload.model.training_precision or "bf16"]
    if present == lever.target_bits:
        return plan.said(_SAME_BITS)
    if lever.target_bits > present:
        setting = "wider"
    elif lever.target_bits == 16:
        setting = "bf16"
    else:
        setting = "weights" if lever.weights_only else f"bits_{lever.target_bits}"
    row = knowledge.evidence(
        "quantisation", "training_time", setting=setting, hardware=_units(facts, fast_8_bit=fast_8_bit)
    )
    return plan.changed("quantisation", "training_time", row.triple, time_targets(plan, facts), row=row)


# --- mixture of experts ------------------------------------------------------------------------------------------


def mix_experts(plan: Plan, lever: MixtureOfExperts, knowledge: Knowledge) -> Plan:
    """Let a part of the parameters work on each token: operations follow from those that are active."""
    facts = knowledge.facts(plan.workload)
    refuse_items(plan, facts)
    active, whole = lever.active_parameters_count, lever.parameters_count or facts.parameters_count
    if active is not None and whole is not None and active > whole:
        raise LeverProblem("active_parameters_count", gettext_noop("Give fewer active parameters than there are."))
    unchanged = whole == facts.parameters_count and active == facts.active_parameters_count
    if active is not None and unchanged:
        return plan
    by_formula = counts_tokens(plan, facts) or (facts.method == "training_flop" and facts.training_tokens is not None)
    if by_formula and whole is not None:
        if active is None:
            raise LeverProblem("active_parameters_count", _MIXTURE_SIZE)
        plan = plan.with_fields(
            "model",
            preset=None,
            parameters_count=round(whole),
            active_parameters_count=active,
            training_tokens=round(facts.training_tokens) if facts.training_tokens else None,
        )
        if counts_tokens(plan, facts):
            row = knowledge.evidence("mixture_of_experts", "request_time")
            return plan.changed("mixture_of_experts", "request_time", row.triple, REQUEST_TIMES, row=row)
        row = knowledge.evidence("mixture_of_experts", "training_time", setting="active_known")
        return plan.changed("mixture_of_experts", "training_time", row.triple, time_targets(plan, facts), row=row)
    if plan.workload.activity != "training":
        raise LeverProblem("lever", gettext_noop(
            "What a mixture of experts takes to serve follows from requests and tokens. Choose the method "
            "inference_tokens."
        ))  # fmt: skip
    row = knowledge.evidence("mixture_of_experts", "training_time")
    return plan.changed("mixture_of_experts", "training_time", row.triple, time_targets(plan, facts), row=row)
