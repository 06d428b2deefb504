"""Run in a process of its own before the site starts: tables, and static files where they changed."""

import sys

import django
from django.core.management import call_command


def main() -> None:
    """Migrate; with --static collect the static files too."""
    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    if "--static" in sys.argv[1:]:
        call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=["*.map", "redoc*"])


if __name__ == "__main__":
    main()
