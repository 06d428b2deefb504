"""Run on the database of a site that is to be timed: an account with workers, each with a measurement that runs."""

import json
import sys

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.utils import timezone  # noqa: E402

from estimator.models import Measurement, TokenScope, Worker  # noqa: E402
from estimator.models.token import new_token, token_digest  # noqa: E402
from estimator.services.tokens import create_token  # noqa: E402


def main() -> None:
    """Print the secrets as JSON."""
    owner, _ = User.objects.get_or_create(username="bench", defaults={"email": "bench@example.org"})
    now = timezone.now()
    told = []
    for number in range(int(sys.argv[1])):
        secret, prefix = new_token("wpw")
        worker = Worker.objects.create(
            owner=owner,
            name=f"bench {number}",
            prefix=prefix,
            digest=token_digest(secret),
            broker_digest="",
            created_at=now,
        )
        row = Measurement.objects.create(owner=owner, worker=worker, interval_s=0.1, created_at=now)
        told.append({"secret": secret, "measurement": str(row.pk)})
    token = create_token(owner=owner, name="bench", scopes=[TokenScope.MEASUREMENTS], lifetime=None).token
    print(json.dumps({"token": token, "workers": told}))


if __name__ == "__main__":
    main()
