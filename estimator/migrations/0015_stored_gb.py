"""What the samples of each measurement take, of those that are there already too."""

from django.db import migrations, models
from django.db.models import FloatField, OuterRef, Subquery, Sum
from django.db.models.functions import Cast, Coalesce, Length


def add_up(apps, schema_editor):
    """The samples themselves; their sums count from now on."""
    chunks = apps.get_model("estimator", "SampleChunk").objects.filter(measurement=OuterRef("pk"))
    taken = chunks.order_by().values("measurement").annotate(all=Sum(Length("content"))).values("all")
    taken_gb = Coalesce(Cast(Subquery(taken), FloatField()), 0.0) / 1e9
    apps.get_model("estimator", "Measurement").objects.update(stored_gb=taken_gb)


class Migration(migrations.Migration):
    dependencies = [
        ("estimator", "0014_footprint_of"),
    ]

    operations = [
        migrations.AddField(
            model_name="measurement",
            name="stored_gb",
            field=models.FloatField(default=0.0, editable=False),
        ),
        migrations.RunPython(add_up, migrations.RunPython.noop),
    ]
