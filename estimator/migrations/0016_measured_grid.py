"""The grid of a measurement keeps the range of its intensity; emissions take a PUE only where one was given."""

from django.db import migrations


def keep_intensity(apps, schema_editor):
    """Out of the emissions of a kilowatt-hour, whose range was as wide or wider: it held that of the PUE too."""
    measurements = apps.get_model("estimator", "Measurement").objects
    for row in measurements.exclude(grid={}).only("pk", "grid").iterator(chunk_size=200):
        told, emitted = row.grid, row.grid.get("kgco2e_per_kwh")
        if not emitted:
            continue
        central = told["grid_intensity_gco2e_per_kwh"]
        scale = central / emitted["central"] if emitted["central"] else 0.0
        found = told.get("found", {}).get("grid_intensity_gco2e_per_kwh", {})
        row.grid = {
            "grid_intensity_gco2e_per_kwh": {
                "low": emitted["low"] * scale,
                "central": central,
                "high": emitted["high"] * scale,
            },
            "status": found.get("status", "looked_up"),
            "match": found.get("match", told.get("match")),
            "note": found.get("note", ""),
            "text_params": found.get("text_params", {}),
            "dataset_version": told.get("dataset_version", ""),
        }
        row.save(update_fields=["grid"])


class Migration(migrations.Migration):
    dependencies = [
        ("estimator", "0015_stored_gb"),
    ]

    operations = [
        migrations.RunPython(keep_intensity, migrations.RunPython.noop),
    ]
