from pathlib import Path

import pytest

from jettison.cli.config import read_defaults
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
    assert read_defaults(write(tmp_path, text)) == {
        "db update": {"osv_url": "file:///osv"},
        "xray": {"gate": ["size=1MB"]},
    }
    with pytest.raises(UsageError, match="no verb is named 'db'"):
        read_defaults(write(tmp_path, "[db]\nupdates = 1\n"))


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
