"""What a stored run would be if …: stacks of levers under a name."""

import uuid
from typing import Any, Final

from django.db import models

from estimator.core.levers.settings import Lever
from estimator.core.scenarios import levers_of
from estimator.models.estimate import Estimate

LONGEST_NAME: Final = 120


class Scenario(models.Model):
    """One named stack of levers on an estimate. What it makes of the run is computed when somebody asks."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    estimate = models.ForeignKey(Estimate, on_delete=models.CASCADE, related_name="scenarios")
    name = models.CharField(max_length=LONGEST_NAME)
    levers = models.JSONField()
    ordering = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["ordering", "created_at", "pk"]
        indexes = [models.Index(fields=["estimate", "ordering"], name="scenario_estimate_ordering")]

    def __str__(self) -> str:
        return self.name

    def stack(self) -> tuple[Lever, ...]:
        """The levers as the core takes them."""
        return levers_of(self.levers)

    @staticmethod
    def stored(levers: tuple[Lever, ...]) -> list[dict[str, Any]]:
        """Levers as they are kept: what was said, and no defaults of today."""
        return [lever.model_dump(mode="json", exclude_defaults=True) for lever in levers]
