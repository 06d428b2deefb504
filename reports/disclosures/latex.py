"""
LaTeX: a paragraph and a table, with the keys of the BibTeX.

Rule: that of the plain sentences; the table keeps boundary, method and embodied share apart. It needs no package and
spans both columns where there are two; names in other scripts than Latin need LuaLaTeX or XeLaTeX.
"""

from typing import Final

from estimator.core.footprint import Range, gettext_noop
from reports.disclosures import bibtex, figures
from reports.disclosures.details import DisclosureDetails
from reports.disclosures.disclosure import Format, Written
from reports.disclosures.escapes import latex
from reports.disclosures.facts import Facts
from reports.disclosures.prose import name_of
from reports.disclosures.sentences import paper_sentences
from reports.disclosures.text import PAPER_ASKS, paper_missing


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write paragraph and table."""
    sentences = [_set(sentence) for sentence in paper_sentences(facts, details)]
    keys = [bibtex.tool_key(facts), *filter(None, [bibtex.METHOD_KEYS.get(facts.footprint.method)])]
    name = latex(name_of(facts, details))
    lines = [
        "% Energy and emissions of one run; no package is needed. The keys are those of the BibTeX file.",
        "\\paragraph{Energy and emissions.}",
        *sentences[:-1],
        f"{sentences[-1]}~\\cite{{{','.join(keys)}}}",
        "",
        "\\begin{table*}[ht]",
        "  \\centering",
        f"  \\caption{{Energy and emissions{f' of {name}' if name else ''} ({_runs(facts)}). "
        "Ranges: 5th to 95th percentile.}",
        f"  \\label{{tab:{bibtex.tool_key(facts)}}}",
        "  \\begin{tabular}{lrl}",
        "    \\hline",
        "    Quantity & Central & Range \\\\",
        "    \\hline",
        *(f"    {label} & {central} & {spread} \\\\" for label, central, spread in _rows(facts)),
        "    \\hline",
        "  \\end{tabular}",
        "\\end{table*}",
        "",
    ]
    return Written("\n".join(lines), paper_missing(facts, details))


def _set(text: str) -> str:
    """Words that TeX prints as they are, the gas as it is set."""
    return latex(text).replace("CO2e", "CO$_2$e")


def _runs(facts: Facts) -> str:
    if not facts.is_training:
        return "the service as a whole"
    return "development and repeated runs included" if facts.has_other_runs else "final run only"


def _rows(facts: Facts) -> list[tuple[str, str, str]]:
    result = facts.result
    market, embodied = result.operational_market_based_kgco2e, result.embodied_share_kgco2e
    rows = [
        _row("Energy of the servers", result.it_energy_kwh, is_energy=True),
        _row(f"Energy of the facility (PUE {figures.number(facts.pue)})", result.facility_energy_kwh, is_energy=True),
        _row("Electricity, location-based", result.operational_location_based_kgco2e),
        _row("Electricity, market-based", market) if market else ("Electricity, market-based", "unknown", ""),
        _row("Hardware, embodied share", embodied) if embodied else ("Hardware, embodied share", "not included", ""),
    ]
    if result.accelerator_hours:
        hours = result.accelerator_hours
        rows.append(("Accelerator hours", latex(f"{figures.number(hours.central)} h"), ""))
    return rows


def _row(label: str, amount: Range, *, is_energy: bool = False) -> tuple[str, str, str]:
    central = figures.energy(amount.central) if is_energy else figures.mass(amount.central)
    spread = figures.energy_span(amount) if is_energy else figures.mass_span(amount)
    return label, _set(central), _set(spread)


FORMAT: Final = Format(
    name="latex",
    title="LaTeX",
    summary=gettext_noop("A paragraph and a table for a paper; the references are in the BibTeX."),
    media_type="application/x-tex",
    extension="tex",
    asks=PAPER_ASKS,
    write=write,
)
