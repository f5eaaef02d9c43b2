"""Conda's records, one JSON document per package, cut to what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from jettison.paths import ImagePath
from jettison.selection.context import Context
from jettison.selection.model import Reason, Rule

_REASON: Final = Reason(rule=Rule.RECORD, detail="conda's record of an installed package")


def cut_conda_records(context: Context, is_kept: Callable[[str], bool]) -> None:
    """Keep a record for each package that has a kept file, with only those files in it.

    Source: conda's PrefixRecord: `files` are relative to the prefix, `paths_data` has more of each.
    """
    for prefix in context.conda_prefixes:
        directory = ImagePath(f"{prefix}/conda-meta")
        for name in context.tree.children(directory):
            path = directory / name
            record = _record(context, path) if name.endswith(".json") else None
            files = record.get("files") if record is not None else None
            if record is None or not isinstance(files, list):
                continue
            kept = [item for item in files if is_kept(f"{prefix}/{item}")]
            if not kept:
                continue
            record["files"] = kept
            record["paths_data"] = _cut_paths(record.get("paths_data"), frozenset(kept))
            context.rewritten[path] = json.dumps(record, indent=2, sort_keys=True).encode()
            context.keeper.keep_exact(path, _REASON)


def _record(context: Context, path: ImagePath) -> dict[str, Any] | None:
    try:
        value = json.loads(context.read(path) or b"")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _cut_paths(data: object, kept: frozenset[str]) -> object:
    if not isinstance(data, dict) or not isinstance(data.get("paths"), list):
        return data
    paths = [item for item in data["paths"] if isinstance(item, dict) and item.get("_path") in kept]
    return {**data, "paths": paths}
