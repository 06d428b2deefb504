"""What each setting of a lever says to do, as a template and what fills it."""

from collections.abc import Callable
from typing import Any, Final

from estimator.core.footprint import gettext_noop
from estimator.core.levers.settings import (
    BatchSize,
    BetterPue,
    Distributed,
    EarlyStopping,
    Lever,
    MixtureOfExperts,
    OtherHardware,
    OutputLength,
    PowerCap,
    Pruning,
    Quantisation,
    Region,
    Reuse,
    TimeShift,
)

Words = tuple[str, dict[str, Any]]

_REUSES: Final = {
    "fine_tuning": gettext_noop("Fine-tune a model that others trained"),
    "lora": gettext_noop("Fine-tune a model that others trained, with LoRA"),
    "qlora": gettext_noop("Fine-tune a model that others trained, with QLoRA"),
    "distillation": gettext_noop("Distil a smaller model from one that others trained"),
    "warm_start": gettext_noop("Start from the weights of a model that others trained"),
}
_PRUNINGS: Final = {
    "unstructured": gettext_noop("Prune %(percent)g %% of the weights, one by one"),
    "structured": gettext_noop("Prune %(percent)g %% of the model in whole parts, and train it again"),
    "two_four": gettext_noop("Prune two of every four weights"),
}


def in_words(lever: Lever, name_of: Callable[[Lever], str]) -> Words:
    """
    One setting as what to do.

    Parameters
    ----------
    lever : Lever
        With its setting.
    name_of : callable
        What the catalogue calls the accelerator or the place of a lever.

    Returns
    -------
    tuple
        English template, and what fills it.

    Examples
    --------
    >>> template, params = in_words(PowerCap(lever="power_cap", power_cap_share=0.75), lambda lever: "")
    >>> template % params
    'Cap the power at 75 % of the limit'
    """
    match lever:
        case OtherHardware(accelerator_count=None):
            return gettext_noop("Run it on %(name)s"), {"name": name_of(lever)}
        case OtherHardware():
            return gettext_noop("Run it on %(count)d of %(name)s"), {
                "name": name_of(lever),
                "count": lever.accelerator_count,
            }
        case Region():
            return gettext_noop("Run it in %(name)s"), {"name": name_of(lever)}
        case Distributed():
            return gettext_noop("Use %(count)d accelerators at once"), {"count": lever.accelerator_count}
        case Quantisation():
            if lever.precision is not None:
                return gettext_noop("Compute in %(name)s"), {"name": lever.precision}
            return gettext_noop("Hold numbers in %(count)d bits"), {"count": lever.target_bits}
        case PowerCap():
            if lever.power_cap_share is not None:
                percent = lever.power_cap_share * 100.0
                return gettext_noop("Cap the power at %(percent)g %% of the limit"), {"percent": percent}
            limit_w = lever.power_cap_w or lever.mean_accelerator_power_w
            return gettext_noop("Cap the power of each accelerator at %(watts)g W"), {"watts": limit_w}
        case Pruning():
            return _PRUNINGS[lever.kind], {"percent": lever.pruned_share * 100.0}
        case Reuse():
            return _REUSES[lever.kind], {}
        case _:
            return _of_work(lever)


def _of_work(lever: Lever) -> Words:
    match lever:
        case EarlyStopping(stopped_share=float(share)):
            return gettext_noop("Stop %(percent)g %% of the training early"), {"percent": share * 100.0}
        case EarlyStopping():
            return gettext_noop("Stop runs early that will not get better"), {}
        case OutputLength(output_tokens=int(tokens)):
            return gettext_noop("Answer in %(count)d tokens"), {"count": tokens}
        case OutputLength():
            percent = (lever.cached_share or 0.0) * 100.0
            return gettext_noop("Answer %(percent)g %% of the requests from a cache"), {"percent": percent}
        case BatchSize():
            return gettext_noop("Serve %(count)d requests at once"), {"count": lever.batch_size}
        case MixtureOfExperts():
            return gettext_noop("Let only some experts of the model work on each token"), {}
        case BetterPue():
            return gettext_noop("Use a facility with a PUE of %(pue)g"), {"pue": lever.pue}
        case TimeShift(interruptible=True):
            return gettext_noop("Pause it while the grid is dirty"), {}
        case TimeShift():
            return gettext_noop("Wait up to %(hours)g h for a cleaner grid"), {"hours": lever.window_h}
        case _:
            raise TypeError(f"{lever.lever} is no setting of a run")
