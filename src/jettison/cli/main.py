"""The command line: which verbs there are, and how a run ends."""

from __future__ import annotations

import errno
import gc
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from jettison import __version__
from jettison.cli import (
    advise_verb,
    build_verb,
    db_verbs,
    fix_verb,
    harden_verb,
    init_verb,
    inspect_verbs,
    sbom_verb,
    scan_verbs,
    source_verbs,
    verbs,
)
from jettison.cli.config import FILE_NAME, read_defaults
from jettison.cli.two_words import TwoWordGroup
from jettison.edge.redact import redact
from jettison.errors import ContainerError, HostError, JettisonError
from jettison.report.columns import visible

_INTERRUPTED = 130
# What a full disk, a quota, a limit and a broken disk say to who writes.
_UNWRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

app = typer.Typer(
    name="jettison",
    cls=TwoWordGroup,
    help="Turn a container image into a small, hardened, proven one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(verbs.slim)
app.command()(verbs.profile)
app.command()(verbs.verify)
app.command()(verbs.why)
app.command()(verbs.prune)
app.command()(inspect_verbs.xray)
app.command()(scan_verbs.scan)
app.command()(scan_verbs.compare)
app.command()(advise_verb.advise)
app.command("db update")(db_verbs.db_update)
app.command("db status")(db_verbs.db_status)
app.command("xray diff")(inspect_verbs.xray_diff)
app.command()(init_verb.init)
app.command()(source_verbs.lint)
app.command()(build_verb.build)
app.command()(harden_verb.harden)
app.command()(fix_verb.fix)
app.command()(inspect_verbs.copy)
app.command()(inspect_verbs.inspect)
app.command()(sbom_verb.sbom)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"jettison {__version__}")
        raise typer.Exit


@app.callback()
def _everything(
    context: typer.Context,
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log every step to stderr.")] = False,
    config: Annotated[
        Path, typer.Option(metavar="FILE", help="Defaults for the options of the verbs.")
    ] = Path(FILE_NAME),
) -> None:
    del version
    context.default_map = read_defaults(config)
    if debug:
        logging.basicConfig(level=logging.DEBUG, format="%(relativeCreated)6d %(name)s %(message)s")
        for noisy in ("httpcore", "urllib3", "docker"):
            logging.getLogger(noisy).setLevel(logging.WARNING)


def run() -> None:
    """Run the command line and exit with the code that `jettison.errors` gives each ending."""
    # An image is tens of thousands of small values that live as long as the run. Looking for
    # garbage among them every 700 allocations takes a twentieth of all time.
    gc.set_threshold(100_000, 50, 100)
    _open_closed_streams()
    sys.exit(_flush(_run()))


def _open_closed_streams() -> None:
    """Let /dev/null stand for standard streams that we were started without.

    Else the first file that is opened would get their number, and what is said to it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is this one, as those before it are open.
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


def _run() -> int:
    try:
        app()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except JettisonError as err:
        if err.is_bug:
            traceback.print_exc()
        _show_error(err)
        return err.exit_code
    except KeyboardInterrupt:
        # Before a verb began, or after it had ended.
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does; Python would complain once more
        # when it closes stdout.
        _give_up_stdout()
        return 0
    except OSError as err:
        # Ours are all translated and name a file; this one is of a stream.
        if err.filename is None and err.errno in _UNWRITTEN:
            return _stdout_failed(err)
        return _show_bug()
    except Exception:  # noqa: BLE001  # the last line of defence: a bug of ours
        return _show_bug()
    return 0


def _flush(status: int) -> int:
    """Write out what is held back still, and say so if it cannot be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_stdout()
    except OSError as err:
        return _stdout_failed(err)
    return status


def _stdout_failed(err: OSError) -> int:
    _give_up_stdout()
    _show_error(HostError(f"the result cannot be written to stdout: {err.strerror}"))
    return HostError.exit_code


def _give_up_stdout() -> None:
    """Let nobody complain once more of what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_bug() -> int:
    traceback.print_exc()
    Console(stderr=True).print("This is a bug in jettison. Please report it with the above.")
    return JettisonError.exit_code


def _show_error(error: JettisonError) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(Text("error: ", style="bold red") + Text(_harmless(error.message)))
    if isinstance(error, ContainerError) and error.log_tail.strip():
        console.print(Text("last output of the container:", style="bold"))
        for line in error.log_tail.strip().splitlines()[-25:]:
            console.print(Text(f"  | {_harmless(line.expandtabs())}"))
    if error.hint:
        console.print(Text("hint: ", style="bold") + Text(_harmless(error.hint)))


def _harmless(text: str) -> str:
    """Without secrets, and without what an image or its app would have a terminal do."""
    return "\n".join(visible(line) for line in redact(text).split("\n"))
