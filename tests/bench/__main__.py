"""`./wattprint bench`: time the main paths and print one table; further arguments go to pytest."""

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    folder = str(Path(__file__).parent)
    options = ["-q", "-p", "no:cacheprovider", "--override-ini=addopts=", "--benchmark-disable-gc", "--timeout=300"]
    sys.exit(
        pytest.main(
            [
                folder,
                "--rootdir",
                str(Path(folder).parents[1]),
                "--confcutdir",
                folder,
                "--benchmark-quiet",
                "--benchmark-max-time=1",
                *options,
                *sys.argv[1:],
            ]
        )
    )
