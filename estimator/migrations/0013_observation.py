"""What hardware drew in each finished measurement, for those that are there already too."""

import django.db.models.deletion
from django.db import migrations, models

#: Columns that an observation is made of.
READ = (
    "id", "owner_id", "components", "energies_j", "inventory", "baseline_power_w", "covered_s", "gap_s", "started_at_s",
    "last_time_s",
)  # fmt: skip


def observe(apps, schema_editor):
    """Note what the measurements of accounts tell; those of files are noted when they are set against an estimate."""
    from estimator.services.calibrations import observations_of

    measurement, observation = apps.get_model("estimator", "Measurement"), apps.get_model("estimator", "Observation")
    done = measurement.objects.filter(status="done", owner__isnull=False, covered_s__gt=0).exclude(kind="imported")
    for row in done.only(*READ).iterator(chunk_size=200):
        found = [observation(measurement_id=row.pk, **columns) for columns in observations_of(row)]
        observation.objects.bulk_create(found)


class Migration(migrations.Migration):
    dependencies = [
        ("estimator", "0012_worker_switched_off"),
    ]

    operations = [
        migrations.AddField(
            model_name="measurement",
            name="gap_s",
            field=models.FloatField(default=0.0),
        ),
        migrations.CreateModel(
            name="Observation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("accelerator", "Accelerator"), ("cpu", "Cpu")], max_length=11)),
                ("device", models.CharField(max_length=120)),
                ("devices_count", models.PositiveIntegerField()),
                ("mean_power_w", models.FloatField()),
                ("duration_s", models.FloatField()),
                (
                    "left_out",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Counted"),
                            ("short", "Short"),
                            ("modelled", "Modelled"),
                            ("gaps", "Gaps"),
                            ("idle", "Idle"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "measurement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="observations",
                        to="estimator.measurement",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("measurement", "kind", "device"), name="observation_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("devices_count__gt", 0), ("duration_s__gt", 0), ("mean_power_w__gte", 0)
                        ),
                        name="observation_positive",
                    ),
                ],
            },
        ),
        migrations.RunPython(observe, migrations.RunPython.noop),
    ]
