"""`{% advice_in_words advice as told %}`: what would save most, as page and PDF say it."""

import json
from dataclasses import dataclass

from django import template
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext

from estimator.core.levers.advice import Advice, Advised, readable_advice
from reports import quantities
from reports.charts.waterfall import negated

register = template.Library()


@dataclass(frozen=True, slots=True)
class Item:
    """One lever, in words."""

    lever: str
    what: str
    saving: str
    spread: str
    may_cost: bool
    is_bold: bool
    conditions: tuple[str, ...]
    caveats: tuple[str, ...]
    query: str  #: of the page of scenarios, with this lever on


@dataclass(frozen=True, slots=True)
class Told:
    """An advice in words."""

    items: tuple[Item, ...]
    verdict: str  #: how many there are, or that there is none
    query: str  #: of the page of scenarios, with all of them on


@register.simple_tag
def advice_in_words(advice: Advice) -> Told:
    """The advice in the active language."""
    items = tuple(_item(one) for one in readable_advice(advice, gettext).items)
    return Told(items=items, verdict=_verdict(advice), query=_query(*advice.items))


def _item(one: Advised) -> Item:
    share = one.saving_share.central
    words = {
        "amount": quantities.quantity(one.saving_kgco2e, "kgCO2e"),
        # Hardly anything is left, which is not nothing.
        "share": f">{quantities.JOIN}99{quantities.JOIN}%" if 0.99 < share < 1.0 else quantities.percent(share),
    }
    return Item(
        lever=one.lever,
        what=one.what,
        saving=gettext("It would save %(amount)s, %(share)s of the total.") % words,
        spread=quantities.change_spread(negated(one.saving_kgco2e), "kgCO2e"),
        may_cost=one.may_cost,
        is_bold=one.is_bold,
        conditions=tuple(filter(None, one.conditions.split("\n"))),
        caveats=tuple(filter(None, one.quality_caveat.split("\n"))),
        query=_query(one),
    )


def _verdict(advice: Advice) -> str:
    words = {
        "tried": advice.tried_count,
        "share": quantities.percent(advice.worthwhile_share),
        "count": len(advice.items),
    }
    if advice.items:
        return (
            ngettext(
                "Of %(tried)s settings that were tried on this run this one saves most, each taken alone.",
                "Of %(tried)s settings that were tried on this run these %(count)s save most, each taken alone.",
                len(advice.items),
            )
            % words
        )
    if advice.best_saving_share is None:
        return gettext("No lever can be tried on this run with what is known of it.")
    return (
        gettext(
            "Nothing worthwhile was found: none of %(tried)s settings that were tried saves %(share)s of the total or "
            "more."
        )
        % words
    )


def _query(*items: Advised) -> str:
    return urlencode({"levers": json.dumps([dict(one.setting) for one in items], separators=(",", ":"))})
