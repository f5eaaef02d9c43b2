import signal
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from jettison.cli.arguments import takes


@dataclass(frozen=True, kw_only=True)
class Shared:
    name: Annotated[tuple[str, ...], typer.Option(help="Names.")] = ()
    count: Annotated[int, typer.Option(min=1)] = 3


@dataclass(frozen=True, kw_only=True)
class Verb(Shared):
    target: Annotated[str, typer.Argument(help="What.")]


def application(seen: list[Verb], *, interrupt: bool = False) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    @takes(Verb)
    def verb(options: Verb) -> None:
        """Do it."""
        seen.append(options)
        if interrupt:
            raise KeyboardInterrupt

    return app


def test_a_verb_receives_one_value_with_tuples() -> None:
    seen: list[Verb] = []
    ended = CliRunner().invoke(application(seen), ["x", "--name", "a", "--name", "b"])
    assert ended.exit_code == 0
    assert seen == [Verb(target="x", name=("a", "b"), count=3)]


@pytest.mark.parametrize("argv", [[], ["x", "--count", "0"], ["x", "--unknown"]])
def test_wrong_usage_ends_with_2(argv: list[str]) -> None:
    seen: list[Verb] = []
    assert CliRunner().invoke(application(seen), argv).exit_code == 2
    assert seen == []


def test_an_interrupt_ends_as_shells_expect() -> None:
    ended = CliRunner().invoke(application([], interrupt=True), ["x"])
    assert ended.exit_code == 130
    assert "interrupted" in ended.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_unwinds_every_verb(number: signal.Signals) -> None:
    unwound = []

    @takes(Verb)
    def verb(_options: Verb) -> None:
        try:
            signal.raise_signal(number)
        finally:
            unwound.append(True)

    # Whoever runs the tests may have it ignored, as nohup does.
    former = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(SystemExit) as ended:
            verb(target="x")
    finally:
        signal.signal(number, former)
    assert (ended.value.code, unwound) == (128 + number, [True])
