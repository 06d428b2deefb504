"""`./wattprint worker`: the command line."""

import argparse
import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

TOKEN_NAME: Final = "WATTPRINT_TOKEN"
BAD_USAGE: Final = 2


def _usual_folder() -> Path | None:
    from estimator.measure.state import state_path

    try:
        return state_path("worker")
    except OSError:  # no home: --folder names one
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine this machine, or work for a server."""
    told = list(sys.argv[1:] if arguments is None else arguments)
    if "--doctor" in told:
        from estimator.measure.doctor import main as doctor

        return doctor(told)
    from estimator.worker.config import EXAMPLE, FILE_NAME, BadConfig

    folder = _usual_folder()
    parser = argparse.ArgumentParser(
        prog="wattprint worker",
        description="Measure this machine for a Wattprint server, until Ctrl-C.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"""\
The token is needed once, and is read from ${TOKEN_NAME} too, where other people of the machine cannot see it.

Workloads that may be started from the pages, by name and in no other way, stand in
{folder / FILE_NAME if folder else FILE_NAME}, or in the folder that --folder names, and are read again when they
change:

{textwrap.indent(EXAMPLE, "    ")}""",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--doctor",
        action="store_true",
        help="start no worker: say what can be measured here, how well, and what would help",
    )
    parser.add_argument("--server", help="its address, such as http://127.0.0.1:8000; needed once")
    parser.add_argument("--token", default=os.environ.get(TOKEN_NAME), help="made on the page Workers; needed once")
    parser.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="in PEM form: trust this authority too, or this self-made certificate; kept, so needed once",
    )
    parser.add_argument("--name", default="", help="what the pages call this machine (default: its host name)")
    parser.add_argument(
        "--folder",
        type=Path,
        help=f"where this worker keeps its credentials, its samples and {FILE_NAME}",
    )
    options = parser.parse_args(told)
    from estimator.measure.outbox import check_server
    from estimator.measure.state import state_folder
    from estimator.measure.trust import read_authority
    from estimator.worker.agent import say, work

    os.umask(0o077)
    os.environ.pop(TOKEN_NAME, None)  # nothing that we start needs it
    try:
        server = check_server(options.server) if options.server else None
        authority = read_authority(options.ca) if options.ca else ""
        folder = options.folder or state_folder("worker")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return work(folder.resolve(), server=server, token=options.token, name=options.name, authority=authority)
    except (BadConfig, ValueError) as problem:
        say(f"wattprint: {problem}")
        return BAD_USAGE
