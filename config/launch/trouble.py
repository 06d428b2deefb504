"""The one exception of the launcher: a sentence for the person at the terminal, in place of a traceback."""


class Trouble(Exception):
    """Something that the person who typed the command can put right; its text says what and how."""


class Stopped(Exception):
    """Asked to stop (Ctrl-C, SIGTERM, SIGHUP) before everything was up."""
