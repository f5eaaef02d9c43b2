from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from jettison.cli.reference import render_reference
from jettison.cli.two_words import TwoWordGroup


def make_app() -> typer.Typer:
    app = typer.Typer(cls=TwoWordGroup, add_completion=False)

    @app.callback()
    def everything() -> None:
        """All of it."""

    @app.command("look")
    def look(target: str, *, deep: bool = False) -> None:
        """Look at one."""
        typer.echo(f"look at {target}, deep: {deep}")

    @app.command("look diff")
    def look_diff(first: str, second: str) -> None:
        """Look at two."""
        typer.echo(f"{first} against {second}")

    @app.command("db status")
    def status() -> None:
        """Say how old it is."""
        typer.echo("old")

    nested = typer.Typer()

    @nested.command("inner")
    def inner(*, loud: bool = False) -> None:
        """Do what is inside."""

    @nested.callback()
    def outer() -> None:
        """What holds it."""

    app.add_typer(nested, name="outer")
    return app


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["look", "diff", "a", "b"], "a against b\n"),
        (["look", "a"], "look at a, deep: False\n"),
        (["look", "--deep", "docker:diff"], "look at docker:diff, deep: True\n"),
        (["db", "status"], "old\n"),
    ],
)
def test_the_longer_name_wins(argv: list[str], says: str) -> None:
    ended = CliRunner().invoke(make_app(), argv)
    assert (ended.exit_code, ended.output) == (0, says)


def test_a_first_word_alone_says_what_it_begins() -> None:
    ended = CliRunner().invoke(make_app(), ["db"])
    assert ended.exit_code == 2
    assert "db status" in ended.output


def test_an_unknown_word_stays_unknown() -> None:
    ended = CliRunner().invoke(make_app(), ["lok", "a"])
    assert ended.exit_code == 2
    assert "No such command" in ended.output


def test_the_reference_has_a_section_for_every_verb_however_deep() -> None:
    rendered = render_reference(make_app())
    for title in ("look", "look diff", "db status", "outer", "outer inner"):
        assert f"## jettison {title}\n" in rendered
    assert "| `--loud`" in rendered
    assert "Do what is inside." in rendered
