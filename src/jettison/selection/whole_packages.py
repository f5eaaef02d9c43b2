"""Policy `package`: OS packages of anything reached stay whole, with what they depend on."""

from __future__ import annotations

from typing import Final

from jettison.analysis.os_packages import OsPackage
from jettison.selection.context import Context
from jettison.selection.model import Policy, Reason, Rule

# A path kept for one of these alone does not mean that its package is used.
_NOT_REACHED: Final = frozenset({Rule.ESSENTIAL, Rule.RECORD, Rule.LINK, Rule.PARENT, Rule.PACKAGE})


class WholePackageRule:
    """Each file of the package that owns a reached file, and of its dependencies."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen = 0
        self._known: set[tuple[str, str]] = set()

    def apply(self) -> None:
        """Look at files that came since the last time."""
        if self._context.options.policy is not Policy.PACKAGE:
            return
        keeper, ownership = self._context.keeper, self._context.ownership
        entries = keeper.new_entries(self._seen)
        self._seen = len(keeper.journal)
        for entry in entries:
            owner = ownership.find_owner(entry.path)
            if owner is None or entry.is_directory:
                continue
            if all(reason.rule in _NOT_REACHED for reason in keeper.reasons(entry.path)):
                continue
            reason = Reason(rule=Rule.PACKAGE, detail=f"whole {owner.name}", because=entry.path)
            if self._keep(owner, reason):
                for package in ownership.dependencies([owner]):
                    detail = f"whole {package.name}, which {owner.name} depends on"
                    self._keep(
                        package, Reason(rule=Rule.PACKAGE, detail=detail, because=entry.path)
                    )

    def finish(self) -> None:
        """Nothing depends on the whole."""

    def _keep(self, package: OsPackage, reason: Reason) -> bool:
        key = (package.name, package.architecture)
        if key in self._known:
            return False
        self._known.add(key)
        for path in package.files:
            self._context.keeper.keep_exact(path, reason)
        return True
