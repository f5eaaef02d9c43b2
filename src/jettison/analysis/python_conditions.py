"""Decide `if` conditions that are about the platform, the version or a type checker."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple


class Target(NamedTuple):
    """The Python a source would run on.

    Shape: `version` as in `sys.version_info[:2]`; `implementation` as in
    `sys.implementation.name`; `machine` as in `platform.machine()`.
    """

    version: tuple[int, int]
    implementation: str = "cpython"
    machine: str = "x86_64"


class _UnknownError(Exception):
    """The expression has a part that cannot be known before it runs."""


_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


@lru_cache(maxsize=4096)
def truth(condition: bytes, target: Target) -> bool | None:
    """Whether the condition holds on `target`; None where that cannot be said."""
    try:
        tree = ast.parse(condition.strip().decode("utf-8"), mode="eval")
        return bool(_value(tree.body, target))
    except (_UnknownError, SyntaxError, ValueError, TypeError, RecursionError, IndexError):
        return None


def _value(node: ast.expr, target: Target) -> object:
    match node:
        case ast.Constant():
            return node.value
        case ast.Tuple() | ast.List() | ast.Set():
            return tuple(_value(item, target) for item in node.elts)
        case ast.Name() | ast.Attribute():
            return _named(ast.unparse(node), target)
        case ast.UnaryOp(op=ast.Not()):
            return not _value(node.operand, target)
        case ast.BoolOp():
            return _combined(node, target)
        case ast.Compare():
            return _compared(node, target)
        case ast.Subscript(value=value, slice=index):
            return _item(_value(value, target), index, target)
        case ast.Call(func=ast.Attribute(value=value, attr="startswith"), args=[prefix]):
            whole, start = _value(value, target), _value(prefix, target)
            if isinstance(whole, str) and isinstance(start, str | tuple):
                return whole.startswith(start)
        case ast.Call(args=[], keywords=[]):
            return _named(ast.unparse(node), target)
        case _:
            pass
    raise _UnknownError


def _combined(node: ast.BoolOp, target: Target) -> bool:
    """`and` with one false part is false, whatever the others are; `or` likewise."""
    decides = isinstance(node.op, ast.Or)
    unknown = False
    for part in node.values:
        try:
            if bool(_value(part, target)) is decides:
                return decides
        except _UnknownError:
            unknown = True
    if unknown:
        raise _UnknownError
    return not decides


def _compared(node: ast.Compare, target: Target) -> bool:
    left = _value(node.left, target)
    for operation, part in zip(node.ops, node.comparators, strict=True):
        right = _value(part, target)
        compare = _COMPARE.get(type(operation))
        if compare is None:
            raise _UnknownError
        if not compare(left, right):
            return False
        left = right
    return True


def _item(value: object, index: ast.expr, target: Target) -> object:
    if not isinstance(value, tuple):
        raise _UnknownError
    if isinstance(index, ast.Slice):
        low = _value(index.lower, target) if index.lower else None
        high = _value(index.upper, target) if index.upper else None
        if index.step is None and isinstance(low, int | None) and isinstance(high, int | None):
            return value[low:high]
        raise _UnknownError
    position = _value(index, target)
    if isinstance(position, int):
        return value[position]
    raise _UnknownError


def _named(name: str, target: Target) -> object:
    last = name.rpartition(".")[2]
    is_python2 = target.version[0] == 2
    if last in ("TYPE_CHECKING", "MYPY", "MYPY_CHECK_RUNNING"):
        return False
    if last in ("PY2", "PY3") and (name == last or name.startswith(("six.", "compat."))):
        return is_python2 == (last == "PY2")
    match name:
        case "sys.platform":
            return "linux2" if is_python2 else "linux"
        case "os.name":
            return "posix"
        case "platform.system()":
            return "Linux"
        case "sys.version_info.major" | "sys.version_info[0]":
            return target.version[0]
        case "sys.version_info.minor":
            return target.version[1]
        case "sys.version_info":
            # The micro version is not known statically; a high one lets `>= (3, 11, 4)` hold,
            # and the other branch of such a check is an older spelling of the same thing.
            return (*target.version, 99)
        case "sys.implementation.name":
            return target.implementation
        case "platform.python_implementation()":
            return {"cpython": "CPython", "pypy": "PyPy"}.get(target.implementation, "")
        case _:
            raise _UnknownError
