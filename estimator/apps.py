"""The estimator app."""

from django.apps import AppConfig
from django.conf import settings
from django.core import checks


class EstimatorConfig(AppConfig):
    """What is emitted."""

    name = "estimator"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the catalogue where the operator's own tables lie, and have them checked."""
        from estimator.checks import TAG, tables_can_be_read
        from estimator.reference import catalogue

        catalogue.use_operator_folder(settings.DATA_DIR / "reference")
        checks.register(tables_can_be_read, TAG)
