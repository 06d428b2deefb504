import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('estimator', '0002_datasets'),
    ]

    operations = [
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('failed', 'failed')], default='queued', max_length=8)),
                ('progress', models.FloatField(default=0.0)),
                ('error_code', models.CharField(blank=True, default='', max_length=40)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('claim_token', models.UUIDField(editable=False, null=True)),
                ('claimed_by', models.CharField(blank=True, default='', editable=False, max_length=200)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('queued_at', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('estimate', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='plans', to='estimator.estimate')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='plans', to=settings.AUTH_USER_MODEL)),
                ('title', models.CharField(blank=True, max_length=200)),
                ('inputs', models.JSONField()),
                ('request', models.JSONField()),
                ('combinations_count', models.PositiveIntegerField()),
                ('result', models.JSONField(null=True)),
                ('problems', models.JSONField(default=list)),
            ],
            options={
                'ordering': ['-created_at'],
                'indexes': [models.Index(fields=['status', 'queued_at'], name='plan_status_queued'), models.Index(fields=['estimate', '-created_at'], name='plan_estimate_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'running', 'done', 'failed'])), name='plan_status_known'), models.CheckConstraint(condition=models.Q(('progress__gte', 0), ('progress__lte', 1)), name='plan_progress_share'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'done'), _negated=True), ('result__isnull', False), _connector='OR'), name='plan_done_has_result'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'failed'), _negated=True), models.Q(('error_code', ''), _negated=True), _connector='OR'), name='plan_failed_has_reason')],
            },
        ),
    ]

