"""
Every lever by its name, in the order in which they act on a run.

The order is that of the things themselves, whatever the order of a list: how much work, on what model, on which
machines, how these are run, where and when, and how the electricity is bought. A lever sees what those before it left:
whether 8-bit products are fast is asked of the accelerator that was changed to. Levers on different quantities commute;
of two that bear the same name the last one holds.
"""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any, Final

from estimator.core.levers.federated import federate
from estimator.core.levers.machines import cap_power, change_hardware, distribute
from estimator.core.levers.model import mix_experts, prune, quantise
from estimator.core.levers.place import contract, lower_pue, move, shift
from estimator.core.levers.plan import Knowledge, Plan
from estimator.core.levers.settings import Lever
from estimator.core.levers.work import batch, reuse, shorten, stop_early

#: Name -> from plan to plan; the order is the order of action.
LEVERS: Final = MappingProxyType[str, Callable[[Plan, Any, Knowledge], Plan]](
    {
        "early_stopping": stop_early,
        "reuse": reuse,
        "output_length": shorten,
        "batch_size": batch,
        "mixture_of_experts": mix_experts,
        "hardware": change_hardware,
        "pruning": prune,
        "quantisation": quantise,
        "distributed": distribute,
        "power_cap": cap_power,
        "federated": federate,
        "region": move,
        "pue": lower_pue,
        "time_shift": shift,
        "renewable_contract": contract,
    }
)


def in_order(levers: Sequence[Lever]) -> tuple[Lever, ...]:
    """
    Levers in the order in which they act; of those with the same name the last one.

    Examples
    --------
    >>> from estimator.core.levers.settings import BetterPue, Pruning
    >>> [one.lever for one in in_order([BetterPue(lever="pue", pue=1.1), Pruning(lever="pruning")])]
    ['pruning', 'pue']
    """
    last = {lever.lever: lever for lever in levers}
    return tuple(last[name] for name in LEVERS if name in last)


def applied(plan: Plan, lever: Lever, knowledge: Knowledge) -> Plan:
    """
    The plan as one lever leaves it.

    Raises
    ------
    LeverProblem
        If the run does not tell what the lever changes; with the method that does.
    """
    return LEVERS[lever.lever](plan, lever, knowledge)
