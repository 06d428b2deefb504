"""`./wattprint measure -- command`: what a command and its children draw, told at its end."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from estimator.measure.command import NOT_EXECUTABLE, NOT_FOUND, Command
from estimator.measure.figures import Lookup, Question
from estimator.measure.meters import KINDS, MODEL, open_meters
from estimator.measure.own import ROOT
from estimator.measure.recorder import Recorder
from estimator.measure.samplers import MeterProblem
from estimator.measure.state import TOKEN_NAME, check_writable, write_whole
from estimator.measure.window import LONGEST_INTERVAL_S, SHORTEST_INTERVAL_S

# What is needed only at the end is loaded only then, so that the command starts at once.
if TYPE_CHECKING:
    from estimator.measure.finished import Finished

BAD_USAGE: Final = 2

_USAGE: Final = """wattprint measure [options] -- command [arguments]
       wattprint measure --send --server URL --token T
       wattprint measure --waiting"""
_MORE: Final = f"""\
The command keeps its input, output, signals and exit code; one that a signal ended gives 128 and its number.
Each measurement is kept on this disk until the server that it is meant for has it. What was measured without --server
goes to the one that --send names. A token is read from ${TOKEN_NAME} too, where other people of the machine cannot see
it. In a Python program: `from estimator.measure import measure`, with {ROOT / ".venv/python"} in PYTHONPATH."""


def say(words: str) -> None:
    """To standard error: standard output is the command's."""
    with contextlib.suppress(OSError):
        sys.stderr.write(words + "\n")
        sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one command, or send what waits; the exit code is the command's."""
    told = _parsed(sys.argv[1:] if arguments is None else arguments)
    if told.waiting:
        return _list()
    if told.send:
        return _send(told)
    # What is not known from before is asked while the command runs: it does not wait for it.
    place = Lookup(Question(place=told.country or "", grid_intensity_gco2e_per_kwh=told.grid_intensity), asks=False)
    if problem := place.problem():
        say(f"wattprint: --country {told.country}: {problem}")
        return BAD_USAGE
    try:
        opened = open_meters(told.meter)
        recorder = Recorder(opened, interval_s=told.interval)
    except MeterProblem as problem:
        say(f"wattprint: {problem}")
        return BAD_USAGE
    except Exception as problem:  # a driver may fail in ways that nobody knows; the command runs all the same
        say(f"wattprint: nothing can be measured ({type(problem).__name__}: {problem}); the command runs without it.")
        return _unmeasured(told.command)
    try:
        try:
            command = Command(told.command)
        except OSError as problem:
            return _not_started(told.command[0], problem)
        try:
            _follow(recorder, command, place)
            exit_code = command.exit_code()
            _tell(recorder, told, exit_code, place)
        finally:
            command.close()
    finally:
        opened.close()
        place.drop()
    if told.server:
        _send(told)
    return exit_code


def _unmeasured(command: list[str]) -> int:
    """Become the command."""
    try:
        os.execvp(command[0], command)
    except OSError as problem:
        return _not_started(command[0], problem)


def _not_started(name: str, problem: OSError) -> int:
    say(f"wattprint: {name} cannot be started: {problem.strerror}.")
    return NOT_FOUND if isinstance(problem, FileNotFoundError) else NOT_EXECUTABLE


def _follow(recorder: Recorder, command: Command, place: Lookup) -> None:
    """Measure until the command has ended. Whatever goes wrong here, the command runs on."""
    try:
        recorder.attribution.follow(command.pid, is_new=True)
        place.ask()
        told = False
        for sample in recorder.window.samples(command.wait):
            recorder.add(sample)
            if not told and not command.has_ended() and (problem := place.problem()):
                say(f"wattprint: the command runs on and is measured, but without CO₂e: {problem}")
                told = True
    except Exception as problem:  # the command is worth more than its measurement
        say(f"wattprint: the measurement stopped ({type(problem).__name__}: {problem}); the command runs on.")


def _tell(recorder: Recorder, told: argparse.Namespace, exit_code: int, place: Lookup) -> None:
    """Print the summary, write the file, and keep it for the server. Nothing here changes the exit code."""
    name = Path(told.command[0]).name
    try:
        from estimator.measure.finished import text

        finished = recorder.finished(
            title=told.title or name,
            command_name=name,
            question=place.question,
            lookup=place,
            pue=told.pue,
            exit_code=exit_code,
        )
        if not told.quiet:
            say(text(finished))
    except Exception as problem:  # the exit code of the command is worth more than its summary
        say(f"wattprint: no summary could be made ({type(problem).__name__}: {problem}).")
        return
    _keep(finished, told)


def _keep(finished: "Finished", told: argparse.Namespace) -> None:
    from estimator.measure.outbox import NO_SERVER, Outbox

    try:
        if told.json:
            write_whole(Path(told.json), json.dumps(finished.as_json(), indent=2, allow_nan=False) + "\n")
            if not told.quiet:
                say(f"\n  Written to {told.json}.")
    except (OSError, ValueError) as problem:
        say(f"wattprint: {told.json} cannot be written: {problem}")
    if not finished.totals:  # nothing that a server could take
        return
    try:
        if dropped_count := Outbox().put(finished.body(), server=told.server or NO_SERVER):
            say(f"wattprint: the oldest {dropped_count} measurements that waited to be sent had to make room.")
        if not (told.server or told.quiet):
            say("\n  It waits on this disk: wattprint measure --send --server URL sends it.")
    except (OSError, ValueError) as problem:
        say(f"wattprint: the measurement cannot be kept for a server: {problem}")


def _send(told: argparse.Namespace) -> int:
    """Send what is meant for the server; by --send what is meant for none, too."""
    from estimator.measure.outbox import NO_SERVER, Outbox

    try:
        outbox = Outbox()
    except OSError as problem:
        say(f"wattprint: nothing can be sent: {problem}")
        return 1
    also = (NO_SERVER, *told.instead_of) if told.send else ()
    count = kept_count = 0
    for sending in outbox.send(server=told.server, token=told.token, authority=told.authority, also=also):
        say(f"wattprint: {sending.title}: {sending.outcome}. {sending.message}".rstrip())
        count, kept_count = count + 1, kept_count + (sending.outcome != "sent")
    left_count = len(outbox.waiting(told.server, *also))
    if left_count:
        say(
            f"wattprint: waiting in {outbox.folder}: {left_count}. Later: wattprint measure --send "
            f"--server {told.server}" + (f" --ca {told.ca}" if told.ca else "")
        )
    if told.send and not count:
        say(f"wattprint: nothing waits for {told.server}.")
    if told.send and (others_count := len(outbox.waiting()) - left_count):
        say(f"wattprint: {others_count} more are meant for other servers: wattprint measure --waiting lists them.")
    return 1 if kept_count or left_count else 0


def _list() -> int:
    """Print what waits, and for which server."""
    import time

    from estimator.measure.outbox import Outbox

    try:
        kept_here = list(Outbox().listed())
    except OSError as problem:
        say(f"wattprint: what waits cannot be listed: {problem}")
        return 1
    for kept in kept_here:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(kept.started_at_s))
        whither = f"for {kept.server}" if kept.server else "for no server yet"
        told = "  refused, and not sent again" if kept.refused else ""
        sys.stdout.write(f"{when}  {kept.title[:40]:40}  {whither}{told}\n")
    if not kept_here:
        sys.stdout.write("Nothing waits.\n")
    return 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    ours, separator, command = _split(list(arguments))
    parser = argparse.ArgumentParser(
        prog="wattprint measure",
        usage=_USAGE,
        description="Measure the energy and CO₂e of a command with its children.",
        epilog=_MORE,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--interval",
        type=_interval,
        default=1.0,
        metavar="S",
        help=f"seconds between two samples, {SHORTEST_INTERVAL_S:g} to {LONGEST_INTERVAL_S:g} (1)",
    )
    parser.add_argument("--country", metavar="PLACE", help="where it runs: a country, a grid zone or a cloud region")
    parser.add_argument("--grid-intensity", type=_Number(0.0, 5_000.0), metavar="G", help="gCO₂e/kWh; beats --country")
    parser.add_argument("--pue", type=_Number(1.0, 10.0), metavar="N", help="facility energy over IT energy")
    parser.add_argument("--meter", action="append", default=[], choices=(*KINDS, MODEL), help="only these; may repeat")
    parser.add_argument("--title", default="", help="what a server should call it")
    parser.add_argument("--json", metavar="FILE", help="write everything to this file")
    parser.add_argument("--quiet", action="store_true", help="print no summary")
    parser.add_argument("--server", metavar="URL", help="send it to this Wattprint")
    parser.add_argument(
        "--token", default=os.environ.get(TOKEN_NAME, ""), metavar="T", help="your token of that server"
    )
    parser.add_argument(
        "--ca", metavar="FILE", help="in PEM form: for that server trust this authority, or this self-made certificate"
    )
    parser.add_argument("--send", action="store_true", help="only send what waits for --server, or for none yet")
    parser.add_argument(
        "--instead-of",
        action="append",
        default=[],
        metavar="URL",
        help="with --send: what is meant for that server goes to --server, too; may repeat",
    )
    parser.add_argument("--waiting", action="store_true", help="only list what waits, and for which server")
    told = parser.parse_args(ours)
    told.command = command
    if told.send and (command or separator):
        parser.error("--send sends what waits and runs no command")
    if told.waiting and (command or separator or told.send):
        parser.error("--waiting lists what waits, and does nothing else")
    if not (told.send or told.waiting or command):
        parser.error("say which command to measure, after two dashes: wattprint measure -- python train.py")
    if told.send and not told.server:
        parser.error("--send needs --server; --waiting lists what waits, and for which")
    if told.instead_of and not told.send:
        parser.error("--instead-of goes with --send")
    if told.json is not None:
        try:
            check_writable(Path(told.json))
        except (OSError, ValueError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else problem
            parser.error(f"--json {told.json} cannot be written: {reason}")
    told.authority = ""
    if told.server:
        from estimator.measure.outbox import check_server

        try:
            told.instead_of = [check_server(server) for server in told.instead_of]
            told.server = check_server(told.server)
            if told.ca:
                from estimator.measure.trust import read_authority

                told.authority = read_authority(Path(told.ca))
        except ValueError as problem:
            parser.error(str(problem))
        if not told.token:
            parser.error(f"--server needs --token, or {TOKEN_NAME} in the environment")
    if len(told.title) > 200:
        parser.error("--title takes at most 200 characters")
    return told


def _split(arguments: list[str]) -> tuple[list[str], bool, list[str]]:
    """Our options, and the command after the first two dashes."""
    if "--" in arguments:
        at = arguments.index("--")
        return arguments[:at], True, arguments[at + 1 :]
    return arguments, False, []


def _interval(typed: str) -> float:
    return _Number(SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S)(typed)


class _Number:
    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def __call__(self, typed: str) -> float:
        try:
            number = float(typed)
        except ValueError:
            number = float("nan")
        if not self._least <= number <= self._most:
            raise argparse.ArgumentTypeError(f"{typed!r}: give a number from {self._least:g} to {self._most:g}")
        return number


if __name__ == "__main__":
    sys.exit(main())
