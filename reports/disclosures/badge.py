"""
A badge for a README: one line of SVG, drawn by hand.

Rule: our own. It shows the electricity, location-based, and the embodied share beside it, never their sum alone; title
and description say boundary and range, so that the picture is not without its words.
"""

from typing import Final

from estimator.core.footprint import gettext_noop
from reports.disclosures import escapes, figures
from reports.disclosures.details import DisclosureDetails
from reports.disclosures.disclosure import Format, Written
from reports.disclosures.facts import Facts
from reports.disclosures.prose import name_of

HEIGHT_PX: Final = 20
#: A wide enough letter of the sans-serif at 11 px; `textLength` then makes the text fit exactly.
LETTER_PX: Final = 6.4
PADDING_PX: Final = 6.0


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Draw it."""
    embodied = facts.result.embodied_share_kgco2e
    operational = figures.mass(facts.result.operational_location_based_kgco2e.central).replace(" CO2e", "")
    activity = "training" if facts.is_training else "inference"
    label = f"CO2e of {'the measured run' if facts.is_only_measured else activity}"
    value = f"{operational} electricity + "
    value += f"{figures.mass(embodied.central).replace(' CO2e', '')} hardware" if embodied else "hardware unknown"
    name = escapes.xml(name_of(facts, details))
    title = f"{name}: {label}: {value}" if name else f"{label}: {value}"
    description = escapes.xml(
        f"Energy: {facts.boundary}. {facts.runs} Electricity location-based "
        f"{figures.mass_range(facts.result.operational_location_based_kgco2e)}; market-based {facts.market_based}; "
        f"embodied share {facts.embodied}. {facts.made_with}."
    )
    left, right = (round(len(text) * LETTER_PX + 2 * PADDING_PX) for text in (label, value))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{HEIGHT_PX}" role="img" '
        'aria-labelledby="t d">',
        f'<title id="t">{title}</title>',
        f'<desc id="d">{description}</desc>',
        f'<path fill="#3b4252" d="M4 0h{left - 4}v20H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z"/>',
        f'<path fill="#1f6f54" d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4h-{right - 4}z"/>',
        '<g fill="#fff" font-family="Verdana,Geneva,sans-serif" font-size="11">',
        _text(label, 0, left),
        _text(value, left, right),
        "</g>",
        "</svg>",
        "",
    ]
    return Written("\n".join(lines))


def _text(text: str, at_px: int, width_px: int) -> str:
    length = width_px - 2 * PADDING_PX
    return f'<text x="{at_px + PADDING_PX:g}" y="14" textLength="{length:g}">{escapes.xml(text)}</text>'


FORMAT: Final = Format(
    name="badge",
    title=gettext_noop("Badge"),
    summary=gettext_noop("A small SVG for a README: electricity, location-based, and the hardware's share beside it."),
    media_type="image/svg+xml",
    extension="svg",
    asks=("model_name",),
    write=write,
)
