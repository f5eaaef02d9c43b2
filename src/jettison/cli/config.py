"""`jettison.toml`: the same options as on the command line, which wins over it."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from typer.models import ArgumentInfo

from jettison.cli.db_verbs import DbStatusArguments, DbUpdateArguments
from jettison.cli.inspect_options import (
    CopyArguments,
    InspectArguments,
    XrayArguments,
    XrayDiffArguments,
)
from jettison.cli.options import (
    ProfileArguments,
    PruneArguments,
    SlimArguments,
    VerifyArguments,
    WhyArguments,
)
from jettison.cli.sbom_verb import SbomArguments
from jettison.cli.scan_options import AdviseArguments, CompareArguments, ScanArguments
from jettison.cli.source_options import (
    BuildArguments,
    FixArguments,
    HardenArguments,
    InitArguments,
    LintArguments,
)
from jettison.errors import UsageError

FILE_NAME: Final = "jettison.toml"

_VERBS: Final = {
    "advise": AdviseArguments,
    "slim": SlimArguments,
    "profile": ProfileArguments,
    "lint": LintArguments,
    "scan": ScanArguments,
    "compare": CompareArguments,
    "verify": VerifyArguments,
    "why": WhyArguments,
    "prune": PruneArguments,
    "xray": XrayArguments,
    "xray diff": XrayDiffArguments,
    "sbom": SbomArguments,
    "db update": DbUpdateArguments,
    "db status": DbStatusArguments,
    "init": InitArguments,
    "build": BuildArguments,
    "fix": FixArguments,
    "harden": HardenArguments,
    "copy": CopyArguments,
    "inspect": InspectArguments,
}
# Tables of tables that a verb reads itself, and the option that tells it where they stand.
_OWN_TABLES: Final = {("scan", "ignore"): "ignores", ("lint", "ignore"): "ignores"}


def read_own_table(path: Path, verb: str, name: str) -> Any:
    """The value of `[[verb.name]]`, as it stands there; an empty list where there is none.

    Raises: UsageError for a file that is not there, or not TOML.
    """
    document = _read(path)
    if document is None:
        raise UsageError(f"{path}: No such file or directory")
    table = document.get(verb, {})
    return table.get(name, []) if isinstance(table, Mapping) else []


def read_defaults(path: Path) -> dict[str, dict[str, Any]]:
    """Option values by verb, fit to be click's default map; empty where there is no such file.

    Shape: a table per verb, such as `[slim]`, or `[xray.diff]` for one of two words; keys are the
    long options without their dashes, values strings, numbers, booleans. Where an option may be
    repeated it is a list, one string that stands for a list of one, or a table of names and
    values: `[xray.gate]` with `size = "200MB"` is `--gate size=200MB`.
    Raises: UsageError for a file that is not TOML, and for tables and keys that are not known.
    """
    document = _read(path)
    if document is None:
        return {}
    defaults: dict[str, dict[str, Any]] = {}
    for verb, table in _by_verb(document):
        known = _options(verb, path)
        if not isinstance(table, Mapping):
            raise UsageError(f"{path}: {verb} is not a table", hint=f"write [{verb}]")
        settings: dict[str, Any] = {}
        for key, value in table.items():
            if (verb, key) in _OWN_TABLES:
                settings.setdefault(_OWN_TABLES[verb, key], str(path))
                continue
            option = _known(key, known, f"{path}: [{verb}]")
            settings[option.name] = _repeated(value) if option.default == () else value
        defaults[verb] = settings
    return defaults


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        return None
    except OSError as err:
        if path == Path(FILE_NAME) and not os.access(Path.cwd(), os.X_OK):
            # Nobody named it, and whether it is there cannot be known.
            return None
        raise UsageError(
            f"{path}: {err.strerror}", hint="make it a file that you may read"
        ) from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise UsageError(f"{path}: {err}") from err


def _by_verb(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each verb's table; `[db.update]` is that of `db update`."""
    for name, table in document.items():
        if not isinstance(table, Mapping):
            yield name, table
            continue
        inner = {key: value for key, value in table.items() if f"{name} {key}" in _VERBS}
        yield from ((f"{name} {key}", value) for key, value in inner.items())
        if not inner or len(inner) < len(table):
            yield name, {key: value for key, value in table.items() if key not in inner}


def _repeated(value: Any) -> Any:  # decoded TOML
    if isinstance(value, Mapping):
        return [f"{name}={item}" for name, item in value.items()]
    return [value] if isinstance(value, str) else value


def _options(verb: str, path: Path) -> dict[str, Field[Any]]:
    arguments = _VERBS.get(verb)
    if arguments is None:
        raise UsageError(f"{path}: no verb is named {verb!r}", hint=f"known: {', '.join(_VERBS)}")
    hints = get_type_hints(arguments, include_extras=True)
    return {
        field.name.replace("_", "-"): field
        for field in fields(arguments)
        if not any(isinstance(extra, ArgumentInfo) for extra in get_args(hints[field.name])[1:])
    }


def _known(key: str, known: Mapping[str, Field[Any]], where: str) -> Field[Any]:
    if key not in known:
        close = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known))}"
        raise UsageError(f"{where}: no option is named {key!r}", hint=hint)
    return known[key]
