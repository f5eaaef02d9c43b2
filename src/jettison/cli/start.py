"""The program's first moments, before there is anything that an interrupt could leave behind."""

from __future__ import annotations

import signal


def run() -> None:
    """Load the command line and run it.

    Loading takes a good part of a second. Ctrl-C meanwhile ends the program without a word, and
    not with a traceback of whatever module was being read.
    """
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from jettison.cli.main import run as run_command_line  # noqa: PLC0415  # as said above

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run_command_line()
