"""What was brought without a place takes the world average, as a live measurement does."""

from django.db import migrations


def take_world_average(apps, schema_editor):
    """Of what has no grid; an imported file has none, and keeps none."""
    without = apps.get_model("estimator", "Measurement").objects.filter(grid={}).exclude(kind="imported")
    if not without.exists():
        return
    from estimator.core.measuring import Placed
    from estimator.services.grid import grid_of

    without.update(grid=grid_of(Placed()))


class Migration(migrations.Migration):
    dependencies = [
        ("estimator", "0018_replaced_footprint"),
    ]

    operations = [
        migrations.RunPython(take_world_average, migrations.RunPython.noop),
    ]
