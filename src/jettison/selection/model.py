"""What a selection is: the kept paths with their reasons, and the byte code it plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from jettison.paths import ImagePath


class Policy(StrEnum):
    """How much is kept beyond what was observed."""

    OBSERVED = "observed"
    CLOSURE = "closure"
    PACKAGE = "package"


class PythonSources(StrEnum):
    """Which Python sources are kept beside their byte code."""

    KEEP = "keep"
    DROP_STDLIB = "drop-stdlib"
    DROP = "drop"


class Rule(StrEnum):
    """Which rule keeps a path."""

    OBSERVED = "observed"
    ELF = "elf"
    PYTHON = "python"
    YOURS = "yours"
    PROGRAM = "program"
    ESSENTIAL = "essential"
    RECORD = "record"
    USER = "user"
    PACKAGE = "package"  # policy `package`: the rest of a package that something reached
    LINK = "link"  # a link on the way to a kept path, or the target of a kept link
    PARENT = "parent"  # a directory that a kept path stands in
    REPAIR = "repair"  # missed by the slimmed image during verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a path is kept.

    Shape: `because` is the path that led here, itself kept, so reasons form chains; None at the
    end of a chain. `detail` is a short phrase such as "DT_NEEDED libssl.so.3".
    """

    rule: Rule
    detail: str = ""
    because: ImagePath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytecode:
    """One byte code file of the slimmed image.

    Shape: `source` is the .py in the original; `stored` where the original has its byte code, None
    if it must be compiled by `interpreter`; `target` where the slimmed image has it: in
    `__pycache__` where the source is kept too, else in the source's place as `module.pyc`;
    `reasons` are those of the module, whose source may not be kept itself.
    """

    source: ImagePath
    target: ImagePath
    stored: ImagePath | None
    interpreter: ImagePath
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionOptions:
    """What the user asked for. Globs are over whole paths, `**` crosses directories."""

    policy: Policy = Policy.CLOSURE
    python_sources: PythonSources = PythonSources.DROP_STDLIB
    keep_paths: tuple[str, ...] = ()
    keep_packages: tuple[str, ...] = ()
    keep_modules: tuple[str, ...] = ()
    drop_paths: tuple[str, ...] = ()
    exec_keeps: bool = False
    repaired: tuple[ImagePath, ...] = ()


class LayerRole(StrEnum):
    """Which layer of the slimmed image a path goes to; the order is the order of the layers."""

    RUNTIME = "runtime"
    DEPENDENCIES = "dependencies"
    APP = "app"


_NO_ROLES: Final[Mapping[ImagePath, LayerRole]] = MappingProxyType({})
_NO_BYTES: Final[Mapping[ImagePath, bytes]] = MappingProxyType({})
_NO_NOTES: Final[Mapping[ImagePath, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which paths the slimmed image keeps.

    Shape: `kept` has every kept real path of the original, in path order, with at least one
    reason, parents and links included; byte code is in `bytecode` alone, not in `kept`.
    `rewritten` has new contents for kept or new records (dpkg status, RECORD). `roles` has the
    layer of each path that is not RUNTIME. `notices` are for the user. `dropped` says why some
    paths were left out where the rule knows more than that nothing reached them; a directory
    speaks for all below it.
    """

    policy: Policy
    kept: Mapping[ImagePath, tuple[Reason, ...]]
    bytecode: tuple[Bytecode, ...] = ()
    rewritten: Mapping[ImagePath, bytes] = field(default_factory=lambda: _NO_BYTES)
    roles: Mapping[ImagePath, LayerRole] = field(default_factory=lambda: _NO_ROLES)
    notices: tuple[str, ...] = ()
    dropped: Mapping[ImagePath, str] = field(default_factory=lambda: _NO_NOTES)
