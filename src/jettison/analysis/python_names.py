"""Names of modules in places other than import statements: strings, settings, command lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_IDENTIFIER: Final = r"[A-Za-z_]\w*"
_DOTTED: Final = re.compile(rf"({_IDENTIFIER}(?:\.{_IDENTIFIER})*)(?::[\w.()\[\]'\" ,=]*)?")
_IN_TEXT: Final = re.compile(rf"(?<![\w./@:-])({_IDENTIFIER}(?:\.{_IDENTIFIER})+)(?![\w/@-])")
_URL_SCHEME: Final = re.compile(rf"({_IDENTIFIER})(?:\+({_IDENTIFIER}))*://")
_MODULE_OPTION: Final = re.compile(
    rf"(?:^|\s)(?:-m|-k|-A|--app|--worker-class|--worker)[ =]+({_IDENTIFIER}(?:\.{_IDENTIFIER})*)"
)
_RUN: Final = re.compile(
    rf"\bpython[\d.]*(?:\s+-[A-Za-z]+)*?\s+-\w*m\s+({_IDENTIFIER}(?:\.{_IDENTIFIER})*)"
)
_OPTIONS: Final = frozenset({"-m", "-k", "-A", "--app", "--worker-class", "--worker"})
# Last parts of names of files, which are dotted too.
_FILES: Final = frozenset(
    {
        *(
            "cfg",
            "conf",
            "csv",
            "db",
            "env",
            "html",
            "ini",
            "js",
            "json",
            "lock",
            "log",
            "md",
            "pem",
        ),
        *("pid", "py", "pyc", "sh", "so", "sock", "sql", "sqlite3", "toml", "txt", "xml", "yaml"),
        *("yml", "zip"),
    }
)
CONFIG_SUFFIXES: Final = frozenset(
    {".cfg", ".conf", ".env", ".ini", ".json", ".properties", ".sh", ".toml", ".yaml", ".yml"}
)


def names_in_strings(strings: Iterable[str]) -> Iterator[str]:
    """What could be the name of a module among string literals, `pkg.mod:attr` and URLs included.

    Shape: `postgresql+psycopg2://…` gives both words of the scheme.
    """
    for text in strings:
        match = _DOTTED.fullmatch(text)
        if match is not None:
            if not _is_file(match[1]):
                yield match[1]
        elif "://" in text:
            scheme = _URL_SCHEME.match(text)
            if scheme is not None:
                yield from (word for word in scheme.groups() if word)


def names_in_text(text: str) -> Iterator[str]:
    """Dotted names in a configuration file or shell script, and modules that options name.

    A single word counts only after an option, since configuration is full of words.
    """
    for match in _IN_TEXT.finditer(text):
        if not _is_file(match[1]):
            yield match[1]
    for match in _MODULE_OPTION.finditer(text):
        yield match[1]


def modules_run(script: str) -> Iterator[str]:
    """Modules that a shell script runs with `python -m`, those of the standard library too."""
    return (match[1] for match in _RUN.finditer(script))


def names_in_argv(argv: Sequence[str]) -> Iterator[str]:
    """Modules that a command line names: `-m gunicorn`, `main:app`, `-k uvicorn.workers.X`."""
    for index, word in enumerate(argv):
        if word in _OPTIONS and index + 1 < len(argv):
            yield argv[index + 1]
        option, sign, value = word.partition("=")
        if sign and option.startswith("-"):
            word = value
        match = _DOTTED.fullmatch(word)
        if match is not None and (":" in word or "." in word) and not _is_file(match[1]):
            yield match[1]
        elif any(character.isspace() for character in word):
            yield from names_in_text(word)


def names_in_environment(values: Iterable[str]) -> Iterator[str]:
    """Modules that environment variables name: settings modules, URLs with a driver."""
    for value in values:
        yield from names_in_strings((value,))
        yield from names_in_text(value)


def _is_file(name: str) -> bool:
    return name.rpartition(".")[2] in _FILES and "." in name
