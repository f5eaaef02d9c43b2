"""Which fixes are made together, and what the files are then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from jettison.dockerfile.edits import Edit, apply, overlap
from jettison.lint.model import Finding


def fixed(findings: Iterable[Finding], texts: Mapping[str, str]) -> dict[str, str]:
    """The files that change, with their new text.

    A finding is put right as a whole or, where it would touch what another one changes, not yet.
    """
    chosen: defaultdict[str, list[Edit]] = defaultdict(list)
    for finding in findings:
        changes = finding.changes
        if not changes or any(
            overlap(change.edit, other)
            for change in changes
            for other in chosen[change.file]
            if other != change.edit
        ):
            continue
        for change in changes:
            if change.edit not in chosen[change.file]:
                chosen[change.file].append(change.edit)
    return {
        file: apply(texts.get(file, ""), edits) for file, edits in sorted(chosen.items()) if edits
    }
