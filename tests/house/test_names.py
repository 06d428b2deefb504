"""Every number says its unit in its name; ratios, years and draws' settings are the few that have none."""

import dataclasses
import inspect
import re
import types
import typing

import pytest
from django.apps import apps
from django.db import models
from pydantic import BaseModel

from estimator.core import bounds, footprint, inputs
from estimator.core.levers import settings as lever_settings
from estimator.reference import tables

UNITS = """
w j kwh s h hours months year years kgco2e gco2e_per_kwh l l_per_kwh flop flops tokens gb usd count
usd_per_h usd_per_kwh gb_per_s mm2 nm kgco2e_per_unit kwh_per_unit
""".split()
#: Ratios, and words that are a number of their own: a place in an order, an hour of the day, a name made of digits.
WITHOUT_UNIT = """
pue utilisation mfu share share_of_variance factor sparsity progress efficiency
low central high value amount count year seed level preferred position attempts batch_size
sequence bucket ordering start_hour pid exit_code
""".split()
FITS = re.compile(rf"(^|_)({'|'.join((*UNITS, *WITHOUT_UNIT))})$")


def numeric_fields(module: types.ModuleType) -> set[tuple[str, str]]:
    """(class, field) of every number in the classes of a module."""
    found = set()
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if kind.__module__ != module.__name__:
            continue
        if issubclass(kind, BaseModel):
            annotations = {name: field.annotation for name, field in kind.model_fields.items()}
        elif dataclasses.is_dataclass(kind):
            annotations = dict(typing.get_type_hints(kind))
        else:
            continue
        for name, annotation in annotations.items():
            parts = {annotation, *typing.get_args(annotation)}
            parts |= {typing.get_args(part)[0] for part in parts if typing.get_origin(part) is typing.Annotated}
            if parts & {int, float, footprint.Range}:
                found.add((kind.__name__, name))
    return found


@pytest.mark.parametrize("module", [bounds, inputs, lever_settings, footprint, tables])
def test_numbers_end_in_their_unit(module: types.ModuleType) -> None:
    found = numeric_fields(module)
    assert len(found) > 3
    assert not {name for name in found if not FITS.search(name[1])}


def test_columns_end_in_their_unit() -> None:
    numbers = (models.FloatField, models.IntegerField, models.DecimalField)
    columns = {
        f"{model.__name__}.{field.name}"
        for app in ("estimator", "reports")
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, numbers) and not isinstance(field, models.AutoField)
    }
    assert columns
    assert not {name for name in columns if not FITS.search(name.split(".")[1])}
