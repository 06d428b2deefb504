"""The estimator app."""

from django.apps import AppConfig


class EstimatorConfig(AppConfig):
    """What is emitted."""

    name = "estimator"
    default_auto_field = "django.db.models.BigAutoField"
