"""What the validation says in words: kinds, bases, exceptions, and published numbers that mislead."""

from dataclasses import dataclass
from typing import Final

from estimator.core.footprint import gettext_noop

KINDS: Final = {
    "training": gettext_noop("Training"),
    "fine_tuning": gettext_noop("Fine-tuning"),
    "inference": gettext_noop("Inference"),
    "federated": gettext_noop("Federated training"),
    "training_and_use": gettext_noop("Training and use"),
}

#: What an energy rests on -> name, design token and symbol of its points.
BASES: Final = {
    "measured": (gettext_noop("Measured, whole servers"), "chart-1", "circle"),
    "measured_accelerators": (gettext_noop("Measured, accelerators only"), "chart-6", "circle-open"),
    "limit_times_hours": (gettext_noop("Circular: hours × rated limit"), "chart-5", "diamond"),
    "average_times_hours": (gettext_noop("Circular: hours × average of its class"), "chart-5", "diamond-open"),
    "estimate": (gettext_noop("Estimated by its authors"), "chart-3", "square"),
    "disclosure": (gettext_noop("Disclosed by the provider"), "chart-4", "square-open"),
    "none": (gettext_noop("No energy published"), "chart-7", "cross"),
}

VERDICTS: Final = {
    "agrees": gettext_noop("follows"),
    "exception": gettext_noop("does not follow"),
    "not_recomputable": gettext_noop("inputs not published"),
}

#: Why a printed figure does not follow from its own inputs.
EXCEPTIONS: Final = {
    "rounded_days": gettext_noop("The days are printed rounded; with 3.15 in place of 3.1 the figure follows."),
    "rounded_daily_mean": gettext_noop("The paper multiplies a rounded daily mean by the days."),
    "fewer_chips": gettext_noop("It is computed for 1,000 chips, where the run that was measured had 1,024."),
    "other_grid_value": gettext_noop(
        "Grams over kilowatt-hours are another intensity than the 297.6 g/kWh that the paper states; the energy is "
        "sound."
    ),
}


@dataclass(frozen=True, slots=True)
class Misleading:
    """A published number that is wrong, or right and easily misread."""

    title: str  #: English
    text: str  #: English
    source_ids: tuple[str, ...]


MISLEADING: Final = (
    Misleading(
        gettext_noop("One model, two figures"),
        gettext_noop(
            "The card of Llama 3.3 in the repository gives 12.9 t for seven million H100 hours; the card on the hub "
            "says 2,040 t. Hours, limit and grid support the second."
        ),
        ("meta-llama-3-3-card",),
    ),
    Misleading(
        gettext_noop("Three intensities in one paper"),
        gettext_noop(
            "Power Hungry Processing states 297.6 g/kWh. Its table divides to 139 and its totals to 237. We use its "
            "energies and never its grams."
        ),
        ("luccioni-2024",),
    ),
    Misleading(
        gettext_noop("PUE in some rows, not in others"),
        gettext_noop(
            "For OLMo 2 13B the table gives 230 MWh, which is 257 MWh divided by the PUE of 1.12, while its 101 t "
            "need 257 MWh multiplied by it. The row of development runs mixes the two in the same way."
        ),
        ("morrison-2025",),
    ),
    Misleading(
        gettext_noop("A round number of chips"),
        gettext_noop("LLMCarbon validates itself with 1,000 chips where the measured runs had 1,024."),
        ("faiz-2024", "patterson-2021"),
    ),
    Misleading(
        gettext_noop("Parts that do not make the whole"),
        gettext_noop(
            "Llama 3.2 lists 833 and 86 thousand hours, 919 together, and its text says 916; the hours for the "
            "logits of the larger teacher carry no emissions at all."
        ),
        ("meta-llama-3-2-card",),
    ),
    Misleading(
        gettext_noop("Other people's models in one's own data centre"),
        gettext_noop(
            "Table 15 of LLaMA moves OPT and BLOOM to a data centre in the United States: 137 and 183 t. Their own "
            "authors report 75 and 24.7 t. Both are right for what they ask; only the second says what was emitted."
        ),
        ("touvron-2023-llama", "zhang-2022-opt", "luccioni-2022-bloom"),
    ),
    Misleading(
        gettext_noop("PUE counted twice"),
        gettext_noop(
            "The water of GPT-3 is computed from 1,287 MWh, which contain a PUE of 1.10 already, and multiplied by a "
            "PUE again for the water of power plants: about a tenth too much."
        ),
        ("li-2023", "patterson-2021"),
    ),
    Misleading(
        gettext_noop("PUE left out without a word"),
        gettext_noop(
            "FLM-101B compares itself with 1,171 MWh for GPT-3: the energy before PUE, beside emissions after it. "
            "With 1.10 it is the known 1,288."
        ),
        ("li-2025-flm", "patterson-2021"),
    ),
    Misleading(
        gettext_noop("Right arithmetic on a wrong premise"),
        gettext_noop(
            "The 284 t of the architecture search follow exactly from their inputs. The search itself was far "
            "smaller: those who had run it found 3.2 t, 88 times less."
        ),
        ("strubell-2019", "patterson-2021"),
    ),
    Misleading(
        gettext_noop("Emissions without a grid"),
        gettext_noop(
            "The cards of Llama name no intensity since version 3. Emissions over hours times limit give 0.42 to "
            "0.43 kg/kWh for version 3 and 0.39 for version 4, PUE included: a figure of the country, not of the "
            "site."
        ),
        ("meta-llama-3-card", "meta-llama-3-1-card", "meta-llama-3-2-card", "meta-llama-4-card"),
    ),
    Misleading(
        gettext_noop("More emissions than the hours can give"),
        gettext_noop(
            "NLLB reports 104 t beside 51,968 hours, which are 23 MWh at the limit of the board with a PUE of 1.1: "
            "the figure is that of the whole project."
        ),
        ("nllb-2022",),
    ),
)
