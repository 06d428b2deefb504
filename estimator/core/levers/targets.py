"""Which quantities of a run time, draw and energy are, by the method that computes it."""

from typing import Final

from estimator.core.levers.plan import Plan, RunFacts

#: Accelerator time of one request, by what it is bound by.
REQUEST_TIMES: Final = ("memory_bound_s", "compute_bound_s", "step_overhead_s")
#: Those of them that fewer operations and bytes shorten: steps are launched all the same.
REQUEST_PRODUCTS: Final = ("memory_bound_s", "compute_bound_s")
ITEM_ENERGIES: Final = ("energy_wh_per_item", "server_energy_wh_per_item")
#: Accelerators' part of the draw of a server: 187.1 of 251.6 W (Dodge et al. 2022). [1]
ACCELERATORS_SHARE: Final = 0.74
#: The same of a measured energy that is not of whole servers. [1]
_SHARES: Final = {"accelerators": 1.0, "processors": 0.0}


def counts_tokens(plan: Plan, facts: RunFacts) -> bool:
    """Whether the run is told by its requests and their tokens."""
    return facts.method == "inference_tokens" and plan.workload.inference.task is None


def time_targets(plan: Plan, facts: RunFacts) -> tuple[str, ...]:
    """The quantities that shrink where the same work takes less time."""
    workload = plan.workload
    if counts_tokens(plan, facts):
        return REQUEST_TIMES
    if facts.method == "inference_tokens":
        return ITEM_ENERGIES
    if facts.method == "training_flop":
        return (f"{plan.run}accelerator_hours",)
    # What is computed from the hours by the clock must not shrink twice.
    hours = ["duration_h"] if workload.accelerator_hours is None else ["duration_h", "accelerator_hours"]
    return ("it_energy_kwh", *hours) if facts.method == "measured" else tuple(hours)


def draw_targets(plan: Plan, facts: RunFacts) -> tuple[str, ...]:
    """The quantities that shrink where accelerators draw less."""
    match facts.method:
        case "inference_tokens":
            return ("request_energy_j",) if counts_tokens(plan, facts) else ITEM_ENERGIES
        case "measured":
            return ("it_energy_kwh",)
        case "strubell_2019" if plan.workload.hardware.mean_system_power_w is not None:
            return ("mean_system_power_w",)
        case _:
            return ("mean_accelerator_power_w",)


def draw_share(plan: Plan, facts: RunFacts) -> float:
    """Accelerators' part of what `draw_targets` names. [1]."""
    if facts.method == "measured":
        return _SHARES.get(plan.workload.it_energy_covers, ACCELERATORS_SHARE)
    return ACCELERATORS_SHARE if draw_targets(plan, facts) == ("mean_system_power_w",) else 1.0


def of_whole(triple: tuple[float, float, float], share: float) -> tuple[float, float, float]:
    """A factor on a part, as a factor on the whole."""
    low, central, high = (1.0 - share + share * value for value in triple)
    return low, central, high
