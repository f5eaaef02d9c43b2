import errno
import os
from pathlib import Path
from typing import Any

import pytest
import typer

from jettison.cli.config import read_defaults
from jettison.cli.main import app
from jettison.errors import UsageError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "jettison.toml"
    path.write_text(text)
    return path


def test_keys_are_the_long_options(tmp_path: Path) -> None:
    path = write(
        tmp_path, '[slim]\nkeep-path = ["/srv/**"]\nready-timeout = 5\n[verify]\nport = ["80"]\n'
    )
    assert read_defaults(path) == {
        "slim": {"keep_path": ["/srv/**"], "ready_timeout": 5},
        "verify": {"port": ["80"]},
    }


@pytest.mark.parametrize(
    ("text", "gates"),
    [
        ('[xray]\ngate = ["size=1MB", "waste=5%"]\n', ["size=1MB", "waste=5%"]),
        ('[xray]\ngate = "size=1MB,waste=5%"\n', ["size=1MB,waste=5%"]),
        ('[xray.gate]\nsize = "1MB"\nefficiency = 0.95\n', ["size=1MB", "efficiency=0.95"]),
    ],
)
def test_what_may_be_repeated_is_a_list_a_text_or_a_table(
    tmp_path: Path, text: str, gates: list[str]
) -> None:
    assert read_defaults(write(tmp_path, text)) == {"xray": {"gate": gates}}


def test_verbs_of_two_words_have_tables_of_two_words(tmp_path: Path) -> None:
    text = '[db.update]\nosv-url = "file:///osv"\n[xray]\ngate = "size=1MB"\n'
    text += '[xray.diff]\nformat = "json"\n'
    assert read_defaults(write(tmp_path, text)) == {
        "db update": {"osv_url": "file:///osv"},
        "xray": {"gate": ["size=1MB"]},
        "xray diff": {"format": "json"},
    }
    with pytest.raises(UsageError, match="no verb is named 'db'"):
        read_defaults(write(tmp_path, "[db]\nupdates = 1\n"))


def test_every_verb_takes_its_options_from_a_table(tmp_path: Path) -> None:
    group: Any = typer.main.get_command(app)
    for verb, command in group.commands.items():
        for param in command.params:
            if param.param_type_name == "option" and param.name != "help":
                key = param.name.replace("_", "-")
                text = f"[{'.'.join(verb.split())}]\n{key} = 1\n"
                assert read_defaults(write(tmp_path, text)) == {verb: {param.name: 1}}


def test_arguments_are_not_options(tmp_path: Path) -> None:
    group: Any = typer.main.get_command(app)
    for verb, command in group.commands.items():
        for param in command.params:
            if param.param_type_name == "argument":
                text = f"[{'.'.join(verb.split())}]\n{param.name} = 1\n"
                with pytest.raises(UsageError, match=f"no option is named '{param.name}'"):
                    read_defaults(write(tmp_path, text))


def test_no_file_means_no_defaults(tmp_path: Path) -> None:
    assert read_defaults(tmp_path / "jettison.toml") == {}


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("[slim]\nkeep-paths = []\n", "no option is named 'keep-paths'", "did you mean keep-path?"),
        ("[slim]\ntarget = 'x'\n", "no option is named 'target'", "did you mean"),
        ("[slin]\n", "no verb is named 'slin'", "slim"),
        ("slim = 1\n", "slim is not a table", "[slim]"),
        ("[slim\n", "jettison.toml", ""),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, says: str, hint: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        read_defaults(write(tmp_path, text))
    assert hint in caught.value.hint


def test_a_file_that_cannot_be_looked_for_is_not_there_unless_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UsageError, match="Permission denied") as caught:
        read_defaults(Path("jettison.toml"))
    assert "may read" in caught.value.hint
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert read_defaults(Path("jettison.toml")) == {}
    with pytest.raises(UsageError, match="Permission denied"):
        read_defaults(tmp_path / "jettison.toml")
