"""One run for each lever, on which it makes sense or plainly does not, computed live."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from estimator.core.footprint import gettext_noop
from estimator.core.inputs import Workload
from estimator.core.scenarios import Comparison, compare, levers_of
from estimator.reference import catalogue
from estimator.reference.scenarios import present_run, stack_of
from estimator.reference.shelf import Shelf

Body = dict[str, Any]

_TRAINED: Final[Body] = {
    "hardware": {"accelerator": "nvidia-h100-sxm5-80gb", "accelerator_count": 256},
    "model": {"parameters_count": 7_000_000_000, "training_tokens": 1_000_000_000_000},
    "location": {"country": "US"},
}
_SERVED: Final[Body] = {
    "activity": "inference",
    "model": {"parameters_count": 70_000_000_000},
    "hardware": {"accelerator": "nvidia-h100-sxm5-80gb"},
    "location": {"country": "US"},
    "inference": {"requests_count": 1_000_000, "input_tokens": 200, "output_tokens": 400, "batch_size": 8},
}
_OLD_MACHINES: Final[Body] = {
    "hardware": {"accelerator": "nvidia-v100-sxm2-16gb", "accelerator_count": 8},
    "duration_h": 500.0,
    "location": {"country": "PL"},
    "pue": 1.5,
}
_SHORT: Final[Body] = {
    "hardware": {"accelerator": "nvidia-a100-sxm4-80gb", "accelerator_count": 8},
    "duration_h": 10.0,
    "location": {"country": "DE"},
}


@dataclass(frozen=True, slots=True)
class Example:
    """A run in words, and a setting of the lever in words."""

    run: str
    setting: str
    body: Body
    lever: Body


_TRAINING_RUN: Final = gettext_noop("A model of 7 billion parameters is trained on 10¹² tokens by 256 H100 in the US.")
_SERVICE_RUN: Final = gettext_noop(
    "A model of 70 billion parameters answers a million requests from H100 in the US, 8 at once, with 400 tokens each."
)
_OLD_RUN: Final = gettext_noop("Eight V100 train for 500 hours in Poland, in a server room with a PUE of 1.5.")
_SHORT_RUN: Final = gettext_noop("Eight A100 train for ten hours in Germany.")

EXAMPLES: Final[dict[str, Example]] = {
    "pruning": Example(
        _SERVICE_RUN,
        gettext_noop("Two of every four weights are left out, and the H100 skips them."),
        _SERVED,
        {"kind": "two_four"},
    ),
    "quantisation": Example(_SERVICE_RUN, gettext_noop("Its weights are held in 4 bits."), _SERVED, {"bits": 4}),
    "hardware": Example(
        _OLD_RUN,
        gettext_noop("Eight H100 do the same work."),
        _OLD_MACHINES,
        {"accelerator": "nvidia-h100-sxm5-80gb"},
    ),
    "distributed": Example(
        _TRAINING_RUN,
        gettext_noop("1,024 H100 are used instead, to end sooner."),
        _TRAINED,
        {"accelerator_count": 1024},
    ),
    "federated": Example(
        _SHORT_RUN,
        gettext_noop("A hundred phones train in each of 1,000 rounds of five minutes, and send 50 MB both ways."),
        _SHORT,
        {
            "clients_count": 100,
            "rounds_count": 1000,
            "mean_device_power_w": 5.0,
            "local_time_s": 300.0,
            "bytes_up_gb": 0.05,
            "bytes_down_gb": 0.05,
        },
    ),
    "reuse": Example(
        _TRAINING_RUN,
        gettext_noop("A trained model of the same size is adapted with LoRA instead, its own training left out."),
        _TRAINED,
        {"kind": "lora"},
    ),
    "region": Example(_OLD_RUN, gettext_noop("It runs in Sweden."), _OLD_MACHINES, {"country": "SE"}),
    "time_shift": Example(
        _SHORT_RUN, gettext_noop("It waits up to 24 hours for the best start."), _SHORT, {"window_h": 24.0}
    ),
    "renewable_contract": Example(
        _SHORT_RUN, gettext_noop("All of its electricity is bought from wind farms."), _SHORT, {"contracted_share": 1.0}
    ),
    "pue": Example(_OLD_RUN, gettext_noop("It moves to a facility with a PUE of 1.1."), _OLD_MACHINES, {"pue": 1.1}),
    "batch_size": Example(_SERVICE_RUN, gettext_noop("32 requests are served at once."), _SERVED, {"batch_size": 32}),
    "power_cap": Example(
        _SHORT_RUN, gettext_noop("Each A100 is held to seven tenths of its limit."), _SHORT, {"power_cap_share": 0.7}
    ),
    "early_stopping": Example(
        _TRAINING_RUN, gettext_noop("A tenth of the training is left out."), _TRAINED, {"stopped_share": 0.1}
    ),
    "output_length": Example(_SERVICE_RUN, gettext_noop("Answers have 200 tokens."), _SERVED, {"output_tokens": 200}),
    "mixture_of_experts": Example(
        _TRAINING_RUN,
        gettext_noop("Of its 7 billion parameters, 2 billion work on each token."),
        _TRAINED,
        {"active_parameters_count": 2_000_000_000},
    ),
}


def example_of(lever: str) -> Comparison:
    """The example of a lever, computed with the tables of now."""
    return _computed(lever, catalogue.shelf())


@lru_cache(maxsize=32)
def _computed(lever: str, shelf: Shelf) -> Comparison:
    example = EXAMPLES[lever]
    run, factors = present_run(Workload.model_validate(example.body), shelf=shelf)
    stack = stack_of(lever, levers_of([{"lever": lever, **example.lever}]), run, factors, shelf=shelf)
    return compare(run, factors, [stack])
