"""The options of the verbs that work on sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from jettison.cli.options import BoundArguments
from jettison.lint.model import Severity
from jettison.report.lint_text import LintFormat


@dataclass(frozen=True, kw_only=True)
class LintArguments(BoundArguments):
    """`jettison lint`."""

    targets: Annotated[
        tuple[str, ...],
        Argument(
            metavar="[DOCKERFILE|DIR|TARGET]…",
            help="Dockerfiles, manifests, directories with them, or one image; default: here.",
            show_default=False,
        ),
    ] = ()
    fix: Annotated[bool, Option("--fix", help="Put right what is safe to put right.")] = False
    format: Annotated[
        LintFormat,
        Option(
            metavar="FORMAT",
            help="What stdout receives: text, json, sarif, junit, markdown or github.",
        ),
    ] = LintFormat.TEXT
    fail_on: Annotated[
        Severity,
        Option(metavar="SEVERITY", help="Exit 1 at this or worse: info, warning or error."),
    ] = Severity.WARNING
    context: Annotated[
        Path | None,
        Option(metavar="DIR", help="The build context; default: found by what is copied."),
    ] = None
    hadolint: Annotated[
        bool | None, Option(help="Ask hadolint, too; default: where it is there.")
    ] = None
    online: Annotated[
        bool, Option("--online", help="Ask registries for the digests of base images.")
    ] = False
    ignores: Annotated[
        Path | None,
        Option(metavar="FILE", help="A jettison.toml with [[lint.ignore]]; default: that here."),
    ] = None
