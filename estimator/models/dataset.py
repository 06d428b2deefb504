"""Datasets that stored estimates were computed with."""

from django.db import models


class Dataset(models.Model):
    """The tables of one version, kept from the first estimate on that used them."""

    version = models.CharField(max_length=12, primary_key=True)
    archive = models.BinaryField()
    kept_at = models.DateTimeField()

    class Meta:
        ordering = ["-kept_at"]

    def __str__(self) -> str:
        return self.version
