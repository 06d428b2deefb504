"""
BibTeX of the method, of the tool and of every source that the figures rest on.

Rule: BibTeX's own; the papers of the methods as they are cited in reference lists. Keys are made of letters and digits.
"""

import re
from collections.abc import Mapping
from typing import Final

from estimator.core.footprint import Source, gettext_noop
from reports.disclosures.details import DisclosureDetails
from reports.disclosures.disclosure import Format, Written
from reports.disclosures.escapes import latex
from reports.disclosures.facts import Facts

#: Method of a run -> paper that it goes back to.
METHOD_KEYS: Final = {"strubell_2019": "strubell2019", "cores_and_memory": "lannelongue2021"}
PAPERS: Final = {
    "strubell2019": {
        "type": "inproceedings",
        "author": "Strubell, Emma and Ganesh, Ananya and McCallum, Andrew",
        "title": "Energy and Policy Considerations for Deep Learning in {NLP}",
        "booktitle": "Proceedings of {ACL}",
        "pages": "3645--3650",
        "year": "2019",
        "doi": "10.18653/v1/P19-1355",
    },
    "lannelongue2021": {
        "type": "article",
        "author": 'Lannelongue, Lo{\\"i}c and Grealey, Jason and Inouye, Michael',
        "title": "Green Algorithms: Quantifying the Carbon Footprint of Computation",
        "journal": "Advanced Science",
        "pages": "2100707",
        "year": "2021",
        "doi": "10.1002/advs.202100707",
    },
}
#: A source that is one of these papers already is not listed twice.
SOURCES_OF_PAPERS: Final = {"strubell-2019": "strubell2019"}


def write(facts: Facts, details: DisclosureDetails) -> Written:
    """Write one entry a source."""
    entries = [_tool(facts, details)]
    paper = METHOD_KEYS.get(facts.footprint.method)
    cited = dict(facts.footprint.sources)
    if paper:
        entries.append(_entry(PAPERS[paper]["type"], paper, PAPERS[paper]))
        cited = {id_: source for id_, source in cited.items() if SOURCES_OF_PAPERS.get(id_) != paper}
    entries += [_entry("misc", key_of(id_), _fields(source)) for id_, source in cited.items()]
    return Written("\n".join(entries))


def tool_key(facts: Facts) -> str:
    """The key of these very figures."""
    return f"wattprint{facts.footprint.input_digest[:8]}"


def key_of(source_id: str) -> str:
    """A key that every BibTeX takes."""
    return re.sub(r"[^A-Za-z0-9]", "", source_id) or "source"


def _tool(facts: Facts, details: DisclosureDetails) -> str:
    one = facts.footprint
    version = f"version {one.engine_version}, dataset {one.dataset_version}"
    emissions = "electricity location-based, embodied share apart" + (
        ", market-based beside it" if one.result.operational_market_based_kgco2e else ""
    )
    fields = {
        "author": "{Wattprint}",  # styles sort by it
        "title": f"{{{latex(facts.title or 'A footprint')}}}: carbon footprint computed with {{Wattprint}}",
        "howpublished": latex(f"Wattprint, {version}"),
        "note": latex(f"Energy counts {facts.boundary}; {emissions}. Inputs {one.input_digest[:16]}"),
    }
    if details.made_at:
        fields["year"] = details.made_at[:4]
    return _entry("misc", tool_key(facts), fields)


def _fields(source: Source) -> dict[str, str]:
    fields = {"author": f"{{{latex(source.publisher)}}}", "title": f"{{{latex(source.title)}}}"}
    if source.year:
        fields["year"] = str(source.year)
    if source.url:
        # An address stands as it is; what would end the field or the entry is written in per cent.
        address = re.sub(r"[{}\\\s\"]", lambda match: f"%{ord(match[0]):02X}", source.url)
        fields["url"] = address
    return fields


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value and name != "type"]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


FORMAT: Final = Format(
    name="bibtex",
    title="BibTeX",
    summary=gettext_noop("The method, these figures and every source behind them, to be cited."),
    media_type="application/x-bibtex",
    extension="bib",
    asks=(),
    write=write,
)
