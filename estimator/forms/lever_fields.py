"""The table between the page of scenarios and the levers: each switch, its settings, and how they are written."""

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from estimator.forms.choices import Words
from estimator.forms.fields import Entry

#: Where a lever is explained at length.
LEVER_PAGE: Final = "/levers/{lever}/"

#: The five that the field advises, then those beside them.
GROUPS: Final[tuple[tuple[str, Words, tuple[str, ...]], ...]] = (
    (
        "five",
        _("The five levers"),
        ("pruning", "quantisation", "hardware", "distributed", "federated", "reuse"),
    ),
    (
        "beside",
        _("Beside them"),
        (
            *("region", "time_shift", "renewable_contract", "pue", "batch_size", "power_cap", "early_stopping"),
            *("output_length", "mixture_of_experts"),
        ),
    ),
)

#: What each lever is, in one sentence.
NOTES: Final[dict[str, Words]] = {
    "pruning": _("Leave weights of the model out. It saves only where hardware or software skips them."),
    "quantisation": _("Hold numbers in fewer bits: less memory, less to move, sometimes fewer accelerators."),
    "hardware": _("Run the same on another accelerator; its own making is counted too."),
    "distributed": _("Spread the run over more accelerators, or gather it on fewer."),
    "federated": _("Train on the clients’ own devices, and send updates instead of data."),
    "reuse": _("Start from a model that others trained, instead of from nothing."),
    "region": _("Run the same elsewhere, on another grid."),
    "time_shift": _("Wait for hours in which the grid is cleaner."),
    "renewable_contract": _("Buy other electricity on paper. The market-based figure changes, the total does not."),
    "pue": _("Use a facility that needs less for cooling and losses."),
    "batch_size": _("Answer more requests at once, so that they share the reading of the weights."),
    "power_cap": _("Let accelerators draw less; they take a little longer."),
    "early_stopping": _("Stop what will not get better, and search with fewer runs."),
    "output_length": _("Answer in fewer tokens, or some requests from a cache."),
    "mixture_of_experts": _("Let only a part of the parameters work on each token."),
}

#: Field -> what can be chosen in it.
LEVER_CHOICES: Final[dict[str, dict[str, Words]]] = {
    "pruning-kind": {
        "unstructured": _("Single weights"),
        "structured": _("Whole heads, channels or layers"),
        "two_four": _("Two of every four"),
    },
    "quantisation-bits": {"32": _("32 bits"), "16": _("16 bits"), "8": _("8 bits"), "4": _("4 bits")},
    "quantisation-kind": {
        "": _("As is usual for these bits"),
        "weights": _("Weights alone"),
        "weights_and_activations": _("Weights and activations"),
    },
    "reuse-kind": {
        "fine_tuning": _("Fine-tuning"),
        "lora": "LoRA",
        "qlora": "QLoRA",
        "distillation": _("Distillation"),
        "warm_start": _("Warm start"),
    },
    "reuse-base_model_share": {
        "cut_off": _("None of it (cut-off)"),
        "amortised": _("Its share among all reuses"),
        "proportional": _("In proportion to the operations"),
    },
}

#: Fields with a slider beside the number: least, most and step, as they are written.
SLIDERS: Final[dict[str, tuple[float, float, float]]] = {
    "pruning-sparsity": (0, 95, 5),
    "time_shift-window_h": (0, 168, 1),
    "renewable_contract-contracted_share": (0, 100, 5),
    "pue-pue": (1, 2, 0.01),
    "power_cap-power_cap_share": (20, 100, 5),
    "early_stopping-stopped_share": (0, 95, 5),
    "output_length-cached_share": (0, 95, 5),
}

# fmt: off
ENTRIES: Final[tuple[Entry, ...]] = (
    Entry("pruning-kind", "kind", "choice", _("What is left out"), group="pruning", width="half"),
    Entry("pruning-sparsity", "sparsity", "percent", _("How much"), unit="%", group="pruning", width="half"),
    Entry(
        "pruning-sparse_kernels", "sparse_kernels", "flag", _("The software skips single zeros"), group="pruning",
        help=_("Common GPU libraries do not."),
    ),
    Entry("quantisation-bits", "bits", "choice", _("Bits"), group="quantisation", width="half"),
    Entry("quantisation-kind", "kind", "choice", _("Of what"), group="quantisation", width="half"),
    Entry(
        "hardware-accelerator", "accelerator", "text", _("Accelerator"), group="hardware", width="two-thirds",
        combobox="accelerator", help=_("Type a few letters."), placeholder="H200",
    ),
    Entry(
        "hardware-accelerator_count", "accelerator_count", "whole", pgettext_lazy("of devices", "How many"),
        group="hardware", width="third", help=_("Empty: as before, or what fits."),
    ),
    Entry(
        "distributed-accelerator_count", "accelerator_count", "whole", pgettext_lazy("of devices", "How many"),
        group="distributed", width="half",
    ),
    Entry(
        "distributed-scaling_efficiency", "scaling_efficiency", "percent", _("Work of each that is kept"), unit="%",
        group="distributed", width="half", help=_("Empty: by evidence."),
    ),
    Entry(
        "federated-clients_count", "clients_count", "count", _("Clients in a round"), group="federated", width="half",
    ),
    Entry("federated-rounds_count", "rounds_count", "count", _("Rounds"), group="federated", width="half"),
    Entry(
        "federated-mean_device_power_w", "mean_device_power_w", "number", _("Draw of a device"), unit="W",
        group="federated", width="half", help=_("A phone draws 3 to 5 W, a laptop 20 to 60 W."),
    ),
    Entry(
        "federated-local_time_s", "local_time_s", "number", _("Time in a round"), unit="s", group="federated",
        width="half",
    ),
    Entry("federated-bytes_up_gb", "bytes_up_gb", "number", _("Sent up"), unit="GB", group="federated", width="half"),
    Entry(
        "federated-bytes_down_gb", "bytes_down_gb", "number", _("Sent down"), unit="GB", group="federated",
        width="half",
    ),
    Entry(
        "federated-client_locations", "client_locations", "text", _("Where the clients are"), group="federated",
        help=_("With commas: India 60 %, Poland 40 %. Empty: where the run is."), placeholder=_("India, Poland"),
    ),
    Entry("reuse-kind", "kind", "choice", _("How"), group="reuse", width="half"),
    Entry(
        "reuse-training_tokens", "training_tokens", "count", _("Tokens of the new training"), group="reuse",
        width="half", help=_("Empty: by evidence."),
    ),
    Entry(
        "reuse-base_model_share", "base_model_share", "choice", _("What it answers for of the base model"),
        group="reuse", width="two-thirds",
    ),
    Entry("reuse-expected_reuses_count", "expected_reuses_count", "count", _("Reuses"), group="reuse", width="third"),
    Entry(
        "region-location", "location", "text", pgettext_lazy("place", "Where"), group="region", combobox="place",
        help=_("Country, grid zone or cloud region."), placeholder=_("Sweden"),
    ),
    Entry(
        "region-pue", "pue", "number", _("PUE there"), group="region", width="half", help=_("Empty: looked up."),
    ),
    Entry(
        "region-grid_intensity_gco2e_per_kwh", "grid_intensity_gco2e_per_kwh", "number", _("Intensity of the grid"),
        unit="g/kWh", group="region", width="half", help=_("Empty: looked up."),
    ),
    Entry(
        "time_shift-window_h", "window_h", "number", _("How long the start can wait"), unit="h", group="time_shift",
    ),
    Entry("time_shift-interruptible", "interruptible", "flag", _("The run may pause"), group="time_shift"),
    Entry(
        "time_shift-hourly_intensity_gco2e_per_kwh", "hourly_intensity_gco2e_per_kwh", "text",
        _("Intensity hour by hour"), unit="g/kWh", group="time_shift",
        help=_("From the first possible start, with spaces. Empty: by evidence."), placeholder="320 290 180 150 240",
    ),
    Entry(
        "renewable_contract-contracted_share", "contracted_share", "percent", _("Share under contract"), unit="%",
        group="renewable_contract",
    ),
    Entry(
        "renewable_contract-contract_intensity_gco2e_per_kwh", "contract_intensity_gco2e_per_kwh", "number",
        _("Intensity of the contract"), unit="g/kWh", group="renewable_contract", width="half",
        help=_("Empty: 0, as for renewables."),
    ),
    Entry(
        "renewable_contract-residual_intensity_gco2e_per_kwh", "residual_intensity_gco2e_per_kwh", "number",
        _("Residual mix"), unit="g/kWh", group="renewable_contract", width="half",
        help=_("Empty: the average of the grid."),
    ),
    Entry("pue-pue", "pue", "number", "PUE", group="pue"),
    Entry("batch_size-batch_size", "batch_size", "count", _("Served at once"), group="batch_size", width="half"),
    Entry(
        "power_cap-power_cap_share", "power_cap_share", "percent", _("Of the board’s limit"), unit="%",
        group="power_cap",
    ),
    Entry(
        "early_stopping-stopped_share", "stopped_share", "percent", _("Share of the training left out"), unit="%",
        group="early_stopping", help=_("Empty: by evidence, which is thin."),
    ),
    Entry("output_length-output_tokens", "output_tokens", "count", _("Tokens of an answer"), group="output_length",
          width="half"),
    Entry(
        "output_length-cached_share", "cached_share", "percent", _("From a cache"), unit="%", group="output_length",
    ),
    Entry(
        "mixture_of_experts-active_parameters_count", "active_parameters_count", "count", _("Active parameters"),
        group="mixture_of_experts", width="half", help=_("Those that work on one token."),
    ),
    Entry(
        "mixture_of_experts-parameters_count", "parameters_count", "count", _("All parameters"),
        group="mixture_of_experts", width="half", help=_("Empty: as before."),
    ),
)
# fmt: on

BY_NAME: Final = {entry.name: entry for entry in ENTRIES}
OF_LEVER: Final = {
    lever: tuple(entry for entry in ENTRIES if entry.group == lever)
    for _key, _label, levers in GROUPS
    for lever in levers
}

#: Settings that the page shows in another field: a problem with them is said there.
SHOWN_AS: Final = {
    **{("region", name): "region-location" for name in ("place", "country", "zone", "provider", "region")},
    ("power_cap", "power_cap_w"): "power_cap-power_cap_share",
    ("power_cap", "mean_accelerator_power_w"): "power_cap-power_cap_share",
    ("quantisation", "precision"): "quantisation-bits",
    ("renewable_contract", "market_based"): "renewable_contract-contracted_share",
}
