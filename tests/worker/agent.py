"""`./wattprint worker` with the measuring process of the tests."""

import sys
from pathlib import Path

from estimator.measure.trust import read_authority
from estimator.worker import agent
from tests.worker.meter import open_steady


def main() -> int:
    """Folder, server, token, name, and the file of an authority or nothing."""
    folder, server, token, name, authority = sys.argv[1:6]
    agent.open_meters = open_steady  # type: ignore[attr-defined]
    Path(folder).mkdir(mode=0o700, exist_ok=True)
    return agent.work(
        Path(folder),
        server=server or None,
        token=token or None,
        name=name,
        authority=read_authority(Path(authority)) if authority else "",
        child=("-m", "tests.worker.child"),
    )


if __name__ == "__main__":
    sys.exit(main())
