"""Months of the calendar: when a report is due that comes again and again."""

from calendar import monthrange
from datetime import datetime

MONTHS_A_YEAR = 12


def months_after(moment: datetime, months: int) -> datetime:
    """
    The same day and hour some months later; the last day of the month where there is no such day.

    Counted from the first one each time, so that what begins on the 31st comes back to it after a short month.

    Parameters
    ----------
    moment : datetime
        In UTC.
    months : int
        How many; negative ones go back.
    """
    year, month = divmod(moment.year * MONTHS_A_YEAR + moment.month - 1 + months, MONTHS_A_YEAR)
    month += 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
