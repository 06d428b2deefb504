"""`./wattprint worker` with the measuring process of the tests."""

import sys
from pathlib import Path

from estimator.worker import agent
from tests.worker.meter import open_steady


def main() -> int:
    """Folder, server, token, name."""
    folder, server, token, name = sys.argv[1:5]
    agent.open_meters = open_steady  # type: ignore[attr-defined]
    Path(folder).mkdir(mode=0o700, exist_ok=True)
    return agent.work(
        Path(folder), server=server or None, token=token or None, name=name, child=("-m", "tests.worker.child")
    )


if __name__ == "__main__":
    sys.exit(main())
