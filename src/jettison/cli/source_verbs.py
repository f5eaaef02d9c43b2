"""`jettison lint`: what is wrong with a Dockerfile, what it builds, and how that is deployed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jettison.cli.arguments import takes
from jettison.cli.config import read_own_table
from jettison.cli.source_options import LintArguments
from jettison.cli.sources import source_request
from jettison.cli.terminal import print_result, progress, width
from jettison.errors import CheckFailedError, UsageError
from jettison.image.reference import Reference

if TYPE_CHECKING:
    from jettison.lint.suppressions import Ignore
    from jettison.workflow.lint import LintRequest


@takes(LintArguments)
def lint(arguments: LintArguments) -> None:
    """Find what is wrong with Dockerfiles, manifests and images, and put right what is safe."""
    from jettison.report.lint_document import describe_lint, is_at_least  # noqa: PLC0415  # below
    from jettison.report.lint_text import render_lint, summary  # noqa: PLC0415  # below
    from jettison.workflow.lint import lint as run  # noqa: PLC0415  # --help needs none of it

    with progress() as events:
        result = run(lint_request(arguments), events=events)
    document = describe_lint(
        result.sifted,
        result.files,
        changed=result.fixed,
        fixed_count=result.fixed_count,
        hadolint=result.hadolint,
    )
    print_result(render_lint(document, arguments.format, columns=width()))
    if is_at_least(document.findings, arguments.fail_on):
        raise CheckFailedError(
            f"lint: {summary(document)}",
            hint="to live with one, say why above its line: # jettison: ignore=CODE and the reason",
        )


def lint_request(arguments: LintArguments) -> LintRequest:
    """What `jettison lint` is asked. Raises: UsageError."""
    from jettison.workflow.lint import LintRequest  # noqa: PLC0415  # as above

    paths, image = _told_apart(arguments.targets)
    if image and arguments.fix:
        raise UsageError(
            f"--fix: {image} is an image, and cannot be fixed in place", hint="lint its Dockerfile"
        )
    return LintRequest(
        paths=paths,
        image=source_request(image, arguments) if image else None,
        context=arguments.context,
        fix=arguments.fix,
        hadolint=arguments.hadolint,
        ignores=() if arguments.ignores is None else _read_ignores(arguments.ignores),
        today=datetime.now(UTC).date(),
        resolve=_resolver(arguments) if arguments.online else None,
    )


def _told_apart(targets: tuple[str, ...]) -> tuple[tuple[Path, ...], str]:
    """Paths, or one image. What is there on disk is a path; so is what can be no image's name."""
    paths = []
    for target in targets or (".",):
        path = Path(target)
        if path.exists() or target.startswith((".", "/", "~")) or "Dockerfile" in target:
            paths.append(path)
        elif len(targets) > 1:
            raise UsageError(
                f"{target}: there is no such file or directory",
                hint="an image is linted by itself: name it alone",
            )
        else:
            return (), target
    return tuple(paths), ""


def _resolver(arguments: LintArguments) -> Callable[[str], str]:
    def resolve(reference: str) -> str:
        from jettison.transport.registry import resolve_digest  # noqa: PLC0415  # as above

        return str(resolve_digest(Reference.parse(reference), insecure=arguments.insecure))

    return resolve


def _read_ignores(path: Path) -> tuple[Ignore, ...]:
    """The list `[[lint.ignore]]` of a file. Raises: UsageError."""
    from jettison.lint.suppressions import parse_ignores  # noqa: PLC0415  # as above

    return parse_ignores(read_own_table(path, "lint", "ignore"), where=str(path))
