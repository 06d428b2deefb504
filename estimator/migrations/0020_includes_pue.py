"""Whether the energy of an imported file has its PUE inside."""

from django.db import migrations, models


def tell_of_files(apps, schema_editor):
    """As the file was read."""
    inside = apps.get_model("estimator", "ImportedFile").objects.filter(found__includes_pue=True)
    told = inside.exclude(measurement=None).values_list("measurement_id", flat=True)
    apps.get_model("estimator", "Measurement").objects.filter(pk__in=told).update(includes_pue=True)


class Migration(migrations.Migration):
    dependencies = [
        ("estimator", "0019_world_average"),
    ]

    operations = [
        migrations.AddField(
            model_name="measurement",
            name="includes_pue",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(tell_of_files, migrations.RunPython.noop),
    ]
