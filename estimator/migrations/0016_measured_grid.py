"""The grid of a measurement keeps the range of its intensity; emissions take a PUE only where one was given."""

from django.db import migrations


def keep_intensity(apps, schema_editor):
    """By our tables where they still say the same, else out of the emissions of a kilowatt-hour."""
    measurements = apps.get_model("estimator", "Measurement").objects
    read = measurements.exclude(grid={}).only("pk", "grid", "location", "grid_intensity_gco2e_per_kwh")
    for row in read.iterator(chunk_size=200):
        if not row.grid.get("kgco2e_per_kwh"):
            continue
        found, central = _by_our_tables(row), row.grid["grid_intensity_gco2e_per_kwh"]
        is_same = found.get("grid_intensity_gco2e_per_kwh", {}).get("central") == central
        row.grid = found if is_same else _by_its_emissions(row.grid, place=found.get("text_params", {}).get("place"))
        row.save(update_fields=["grid"])


def _by_our_tables(row):
    from estimator.core.inputs import InputProblems
    from estimator.core.measuring import Placed
    from estimator.services.grid import grid_of

    placed = {"location": row.location, "grid_intensity_gco2e_per_kwh": row.grid_intensity_gco2e_per_kwh}
    try:
        return grid_of(Placed.model_validate(placed))
    except InputProblems:
        return {}


def _by_its_emissions(told, *, place):
    """Their range was as wide or wider: it held that of the PUE too."""
    emitted, central = told["kgco2e_per_kwh"], told["grid_intensity_gco2e_per_kwh"]
    scale = central / emitted["central"] if emitted["central"] else 0.0
    return {
        "grid_intensity_gco2e_per_kwh": {
            "low": emitted["low"] * scale,
            "central": central,
            "high": emitted["high"] * scale,
        },
        "status": "looked_up" if told.get("match") else "given",
        "match": told.get("match"),
        "note": "",
        "text_params": {"place": place} if place else {},
        "dataset_version": told.get("dataset_version", ""),
    }


class Migration(migrations.Migration):
    dependencies = [
        ("estimator", "0015_stored_gb"),
    ]

    operations = [
        migrations.RunPython(keep_intensity, migrations.RunPython.noop),
    ]
