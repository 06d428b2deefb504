"""What can be chosen in a list: each key of the workload with its words for people."""

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    Words = _StrOrPromise
else:
    Words = object  # a text, or one that is translated when it is shown

METHOD_LABELS: Final[dict[str, Words]] = {
    "auto": _("Choose for me: the most direct one that the fields allow"),
    "strubell_2019": _("Strubell et al. 2019: mean draw × hours × PUE"),
    "device_hours": _("Device hours: accelerators × rated draw × hours × PUE"),
    "training_flop": _("Operations of the training: parameters × tokens, over the speed of the hardware"),
    "cores_and_memory": _("Cores and memory × hours × PUE (Green Algorithms)"),
    "inference_tokens": _("Requests: tokens or items × energy of one × PUE"),
    "measured": _("Measured energy × PUE"),
}
ACTIVITY_LABELS: Final[dict[str, Words]] = {
    "training": pgettext_lazy("activity", "Training a model"),
    "inference": pgettext_lazy("activity", "Using a model"),
}
TRAINING_KIND_LABELS: Final[dict[str, Words]] = {
    "full": _("All parameters"),
    "lora": _("LoRA: weights frozen"),
    "qlora": _("QLoRA: weights frozen, in 4 bits"),
}
PRECISION_LABELS: Final[dict[str, Words]] = {
    "": _("Not known: 16 bits"),
    "fp32": "FP32",
    "tf32": "TF32",
    "bf16": "BF16",
    "fp16": "FP16",
    "fp8": "FP8",
    "int8": "INT8",
    "int4": "INT4",
}
TASK_LABELS: Final[dict[str, Words]] = {
    "": _("Text, counted in tokens"),
    "image_generation": _("Making images"),
    "video_generation": _("Making videos"),
    "image_captioning": _("Describing images"),
    "image_classification": _("Classifying images"),
    "object_detection": _("Finding objects in images"),
    "text_generation": _("Writing text, by the item"),
    "summarisation": _("Summarising"),
    "text_classification": _("Classifying texts"),
    "token_classification": _("Classifying words"),
    "extractive_qa": _("Finding answers in texts"),
    "masked_language_modelling": _("Filling in words"),
}
GRID_SIGNAL_LABELS: Final[dict[str, Words]] = {
    "annual": _("Average of a year"),
    "live": _("Of this hour, by Electricity Maps"),
}

ENERGY_QUALITY_LABELS: Final[dict[str, Words]] = {
    "": _("Not said: a counter"),
    "counter": _("An energy counter"),
    "sampled": _("Powers, read now and then"),
    "modelled": _("A model, without a meter"),
}
ENERGY_COVERS_LABELS: Final[dict[str, Words]] = {
    "servers": _("Whole servers"),
    "components": _("Accelerators, CPUs and memory"),
    "accelerators": _("Accelerators alone"),
    "processors": _("CPUs and memory alone"),
}

#: Field -> what can be chosen in it.
CHOICES: Final[dict[str, dict[str, Words]]] = {
    "method": METHOD_LABELS,
    "activity": ACTIVITY_LABELS,
    "training_kind": TRAINING_KIND_LABELS,
    "training_precision": PRECISION_LABELS,
    "serving_precision": PRECISION_LABELS,
    "task": TASK_LABELS,
    "grid_signal": GRID_SIGNAL_LABELS,
    "it_energy_quality": ENERGY_QUALITY_LABELS,
    "it_energy_covers": ENERGY_COVERS_LABELS,
}
