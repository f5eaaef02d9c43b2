"""Decide what a slimmed image keeps: the rules in order, applied until none has more to add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeVar

from jettison.image import Image
from jettison.paths import ImagePath
from jettison.selection.context import Context, KeepRule
from jettison.selection.elf_needs import ElfRule
from jettison.selection.essentials import EssentialRule
from jettison.selection.facts import Facts
from jettison.selection.keeper import Keeper
from jettison.selection.model import LayerRole, Selection, SelectionOptions
from jettison.selection.observed import InterpreterRule, ObservedRule
from jettison.selection.programs import ProgramRule
from jettison.selection.python import PythonRule
from jettison.selection.records import RecordRule
from jettison.selection.user import UserRule, find_dropped
from jettison.selection.whole_packages import WholePackageRule
from jettison.selection.yours import YoursRule
from jettison.trace import TraceLog

_T = TypeVar("_T")

# The user comes first, so that a path which the user asked for says so. Your files come before
# the rules that ask which files are yours, and records last: they depend on everything else.
RULES: Final[tuple[Callable[[Context], KeepRule], ...]] = (
    UserRule,
    ObservedRule,
    YoursRule,
    EssentialRule,
    ProgramRule,
    InterpreterRule,
    PythonRule,
    ElfRule,
    WholePackageRule,
    RecordRule,
)


def decide(facts: Facts, image: Image, trace: TraceLog, options: SelectionOptions) -> Selection:
    """Which paths of an image the slimmed one keeps, each with its reasons.

    Nothing is opened but through `facts.rootfs`, and nothing of the image is executed.
    """
    rootfs = facts.rootfs
    dropped = find_dropped(rootfs.tree, options)
    context = Context(
        rootfs=rootfs,
        config=image.config,
        trace=trace,
        options=options,
        keeper=Keeper(rootfs.tree, dropped=dropped.keys()),
        facts=facts,
    )
    rules = tuple(make(context) for make in RULES)
    before = -1
    while before != len(context.keeper.journal):
        before = len(context.keeper.journal)
        for rule in rules:
            rule.apply()
    for rule in rules:
        rule.finish()
    for path, pattern in dropped.items():
        context.dropped[path] = f"--drop-path {pattern}"
    return Selection(
        policy=options.policy,
        kept=MappingProxyType(dict(context.keeper.items())),
        bytecode=tuple(
            replace(item, reasons=item.reasons or context.keeper.reasons(item.source))
            for item in sorted(context.bytecode, key=lambda item: item.target)
        ),
        rewritten=_sorted(context.rewritten),
        roles=_sorted(_roles(context)),
        notices=tuple(context.notices),
        dropped=_sorted(
            {
                path: why
                for path, why in context.dropped.items()
                # A directory that is kept empty still speaks for what was in it.
                if path not in context.keeper or context.tree[path].is_directory
            }
        ),
    )


def _roles(context: Context) -> dict[ImagePath, LayerRole]:
    """The layer of each kept path and byte code file.

    A directory goes into the first layer that has something in it, so that a change of the app
    touches no other layer.
    """
    found: dict[ImagePath, LayerRole] = {}
    for path, _ in context.keeper.items():
        if not context.tree[path].is_directory:
            found[path] = context.roles.get(path) or _default_role(context, path)
    for item in context.bytecode:
        role = context.roles.get(item.target) or context.roles.get(item.source)
        found[item.target] = role or _default_role(context, item.source)
    for path in context.rewritten:
        found.setdefault(path, LayerRole.RUNTIME)
    first = _first_roles(found)
    for path, _ in context.keeper.items():
        if context.tree[path].is_directory:
            role = LayerRole.APP if path in context.yours else LayerRole.RUNTIME
            found[path] = first.get(path, role)
    return {path: role for path, role in found.items() if role is not LayerRole.RUNTIME}


def _first_roles(roles: Mapping[ImagePath, LayerRole]) -> Mapping[str, LayerRole]:
    """For each directory on the way, the first layer that has something in it."""
    directories: dict[str, LayerRole] = {}
    for role in LayerRole:
        for path, its_role in roles.items():
            parent = path.rpartition("/")[0]
            # What is above a known directory is known as well.
            while its_role is role and parent not in directories:
                directories[parent] = role
                parent = parent.rpartition("/")[0]
    directories["/"] = directories.get("", LayerRole.RUNTIME)
    return directories


def _default_role(context: Context, path: ImagePath) -> LayerRole:
    if path in context.yours:
        return LayerRole.APP
    is_installed = path.startswith(context.dependency_areas) or path in context.python_scripts
    if is_installed and context.ownership.find_owner(path) is None:
        return LayerRole.DEPENDENCIES
    return LayerRole.RUNTIME


def _sorted(items: Mapping[ImagePath, _T]) -> Mapping[ImagePath, _T]:
    return MappingProxyType({path: items[path] for path in sorted(items)})
