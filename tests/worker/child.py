"""The worker's measuring process with the steady meter and short slices; it writes down every sample that it takes."""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from estimator.worker import child, session
from estimator.worker.store import Store
from tests.worker.meter import open_steady

SLICE_S = 0.7


def main() -> int:
    """Serve from the folder that is named."""
    logging.basicConfig(level=logging.INFO)
    folder = Path(sys.argv[1])
    taken = os.open(folder / "taken.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    add = Store.add

    def noted(store: Store, key: str, content: list[Any]) -> None:
        add(store, key, content)
        os.write(taken, (json.dumps([key, *content[:3]]) + "\n").encode())

    Store.add = noted  # type: ignore[assignment,method-assign]
    session.open_meters = child.open_meters = open_steady  # type: ignore[attr-defined]
    return child.serve(folder, slice_s=SLICE_S)


if __name__ == "__main__":
    sys.exit(main())
