"""Compare the reference tables with downloaded packages, show the difference, and write it only when told to."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from estimator.reference import catalogue
from estimator.reference.refresh import Comparison, Move, RefreshError, carried_values, compared, write_moves
from estimator.reference.tables import TableError


class Command(BaseCommand):
    """Nothing is fetched and nothing imported: the packages are archives on this machine."""

    help = (
        "Compare the reference tables with what packages carry: EcoLogits (countries and their water), CodeCarbon (US "
        "states, provinces of China, regions of Google Cloud that lack a value). Download them first: "
        "pip download --no-deps ecologits codecarbon"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The packages, and what may be done with what they say."""
        parser.add_argument("--wheel", nargs="+", type=Path, required=True, metavar="FILE", help="wheels or archives")
        parser.add_argument("--write", action="store_true", help="change the tables; without it they are compared")
        parser.add_argument(
            "--accept", action="append", default=[], metavar="ZONE", help="a zone that may move by more than 30 %%"
        )
        parser.add_argument("--year", type=int, help="year of values whose package does not say it (EcoLogits)")
        parser.add_argument("--data", type=Path, default=catalogue.DATA_FOLDER, help="folder of the tables")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show the difference; write it where that is asked for and nothing speaks against it."""
        folder: Path = options["data"]
        try:
            comparison = compared(carried_values(options["wheel"]), folder)
            self._show(comparison, frozenset(options["accept"]))
            if not comparison.moves:
                return
            if not options["write"]:
                self.stdout.write("Nothing was written. Look at each line, then add --write.")
                return
            write_moves(comparison.moves, folder, year=options["year"], accepted=options["accept"])
        except (RefreshError, TableError, OSError) as error:
            raise CommandError(f"{error}. Nothing was written.") from error
        self.stdout.write(
            "Written. Where the packages are newer than the editions in sources.csv, name the new editions there."
        )

    def _show(self, comparison: Comparison, accepted: frozenset[str]) -> None:
        if comparison.moves:
            self.stdout.write(f"{'zone':<22} {'old':>9} {'new':>9} {'%':>8}  {'years':<11} quantity, package")
        for move in comparison.moves:
            self.stdout.write(_line(move, accepted))
        count = len(comparison.moves)
        self.stdout.write(f"{comparison.same_count} values are as they were, {count} would move.")
        if comparison.without_row:
            self.stdout.write(f"No row of ours: {', '.join(comparison.without_row)}.")


def _line(move: Move, accepted: frozenset[str]) -> str:
    old = "" if move.old is None else f"{move.old:g}"
    share = "" if move.share is None else f"{100 * move.share:+.1f}"
    years = f"{move.old_year or '?'} > {move.new_year or '?'}"
    mark = "" if not move.must_be_looked_at else "  accepted" if move.zone in accepted else "  LOOK AT THIS"
    return f"{move.zone:<22} {old:>9} {move.new:>9g} {share:>8}  {years:<11} {move.quantity}, {move.package}{mark}"
