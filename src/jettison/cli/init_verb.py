"""`jettison init`: from a project's sources to the files that make an image of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from jettison.cli.arguments import takes
from jettison.cli.options import OutputFormat
from jettison.cli.source_options import InitArguments
from jettison.cli.terminal import print_result, width
from jettison.errors import TransportError, UsageError
from jettison.image.reference import Reference

if TYPE_CHECKING:
    from jettison.scaffold.plan import Wishes
    from jettison.workflow.init import InitRequest


@takes(InitArguments)
def init(arguments: InitArguments) -> None:
    """Write Dockerfile, compose, Kubernetes and server files for a Python project."""
    from jettison.report.documents import encode  # noqa: PLC0415  # as above
    from jettison.report.init_document import (  # noqa: PLC0415  # --help need not load it
        describe_init,
        render_init_text,
    )
    from jettison.workflow.init import init as run  # noqa: PLC0415  # as above

    result = run(init_request(arguments))
    document = describe_init(result.plan, result.base, result.written, result.notices)
    if arguments.format is OutputFormat.JSON:
        print_result(encode(document, indent=2).decode())
    else:
        print_result(result.diff if arguments.dry_run else "")
        print_result(render_init_text(document, is_dry=arguments.dry_run, width=width()))


def init_request(arguments: InitArguments, *, only_missing: bool = False) -> InitRequest:
    """What `init` is asked; `harden` asks for what is missing alone. Raises: UsageError."""
    from jettison.scaffold.plan import Wishes  # noqa: PLC0415  # as above
    from jettison.workflow.init import InitRequest  # noqa: PLC0415  # as above

    wishes = Wishes(
        base=arguments.base, app=arguments.app, port=arguments.port, name=arguments.name
    )
    return InitRequest(
        directory=arguments.directory,
        wishes=_asked(wishes) if arguments.interactive else wishes,
        only_missing=only_missing,
        force=arguments.force,
        dry_run=arguments.dry_run,
        resolve=_resolver(arguments),
    )


def _asked(wishes: Wishes) -> Wishes:
    """The wishes, and what the user answers to what they leave open; Enter lets it be found out."""

    def ask(question: str, known: str) -> str:
        return known or str(typer.prompt(question, default="", show_default=False, err=True))

    app = ask("App as MODULE:OBJECT (Enter: look for it)", wishes.app)
    base = ask("Base image (Enter: python, slim)", wishes.base)
    port = str(wishes.port or ask("Port (Enter: as the sources say)", ""))
    if port and not (port.isdigit() and 0 < int(port) < 1 << 16):
        raise UsageError(f"{port!r} is not a port", hint="write a number up to 65535")
    name = ask("Name of image and services (Enter: the directory's)", wishes.name)
    return replace(wishes, app=app, base=base, port=int(port) if port else None, name=name)


def _resolver(arguments: InitArguments) -> Callable[[str], str]:
    def resolve(reference: str) -> str:
        if not arguments.pin:
            raise TransportError("--no-pin was given")
        from jettison.transport.registry import resolve_digest  # noqa: PLC0415  # as above

        return str(resolve_digest(Reference.parse(reference), insecure=arguments.insecure))

    return resolve
