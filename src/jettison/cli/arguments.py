"""Build a command from a dataclass of options, so that verbs can share groups of them."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import typer

from jettison.linux.signals import termination_raises

Options = TypeVar("Options")

# What shells report for a program that SIGINT ended.
_INTERRUPTED = 130


def takes(
    options: type[Options], *, left_behind: str = "nothing was left behind"
) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """Give a function of one options object the signature of its fields.

    `left_behind` is what is told to who interrupts it.

    Shape: each field is `Annotated[type, typer.Option(…)]` or `typer.Argument(…)`; a
    `tuple[str, ...]` is an option that may be repeated.
    """
    hints = {
        name: _for_typer(hint)
        for name, hint in get_type_hints(options, include_extras=True).items()
    }
    fields = dataclasses.fields(options)  # type: ignore[arg-type]  # a dataclass, by contract
    parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[field.name],
            default=inspect.Parameter.empty
            if field.default is dataclasses.MISSING
            else field.default,
        )
        for field in fields
    ]

    def decorate(function: Callable[[Options], None]) -> Callable[..., None]:
        def command(**given: Any) -> None:  # typer has checked the types
            values = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in given.items()
            }
            try:
                # A supervisor's or a closed terminal's signal must not leave half of anything.
                with termination_raises():
                    function(options(**values))
            except KeyboardInterrupt:
                # Said here, because typer would end with 1, which means "the check found
                # something".
                typer.echo(f"interrupted; {left_behind}", err=True)
                raise typer.Exit(_INTERRUPTED) from None

        command.__name__ = function.__name__
        command.__doc__ = function.__doc__
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect
        command.__annotations__ = {field.name: hints[field.name] for field in fields}
        return command

    return decorate


def arguments_of(
    verb: str,
    options: type[Options],
    words: Sequence[str],
    defaults: Mapping[str, Mapping[str, Any]],
) -> Options:
    """What another verb would be given, were it called with these words and defaults.

    Raises: UsageError.
    """
    given: list[Options] = []

    def take(arguments: Options) -> None:
        given.append(arguments)

    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name=verb)(takes(options)(take))
    command = typer.main.get_command(alone)
    # Values of the table are converted and checked as they are for the verb itself.
    command.main(
        list(words), prog_name=verb, standalone_mode=False, default_map=dict(defaults.get(verb, {}))
    )
    return given[0]


def _for_typer(hint: Any) -> Any:  # a type, which has no better type
    """Typer knows repeated options as lists only; ours are tuples, being values."""
    inner, *extras = get_args(hint)
    if get_origin(inner) is tuple and get_args(inner) == (str, ...):
        return Annotated[(list[str], *extras)]
    return hint
