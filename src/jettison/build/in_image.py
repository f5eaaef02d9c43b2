"""Compile modules; this file is run by the interpreter of an image, not imported by jettison.

Usage: python in_image.py JOBS, in a directory that holds `sources`: for each module a letter
(`c` for byte code that checks its source's hash, `u` for one that does not), its path, and NUL.
Writes `out.0`, `out.1`, …, one for each job: index (4 bytes, big-endian), 1 or 0 for done or
failed, length (4 bytes), and the byte code or the message.

It runs on Python 3.6 and newer, and imports built-in modules only, since an image without byte
code would have to compile everything else first.
"""

import _ast
import _frozen_importlib_external
import _imp
import marshal
import posix
import sys

_MAGIC = _frozen_importlib_external.MAGIC_NUMBER
_TOKEN = int.from_bytes(_MAGIC, "little")
# marshal sorts the elements of sets from 3.11 on: bpo-37596.
_SETS_ARE_SORTED = sys.version_info >= (3, 11)
# What a code object is made of. From 3.10 on co_lnotab is computed, later deprecated, and the
# table behind it has a name of its own.
_PARTS = tuple(
    name
    for name in dir(compile("", "", "exec"))
    if name.startswith("co_")
    and name not in ("co_lines", "co_positions", "co_branches")
    and (name != "co_lnotab" or sys.version_info < (3, 10))
)


def main(directory: str, jobs: int) -> int:
    """Share the modules out among processes; 0 if all of them ended well."""
    with open(directory + "/sources", "rb") as file:  # noqa: PTH123  # pathlib is not built in
        sources = file.read().split(b"\0")[:-1]
    children = []
    for job in range(1, jobs):
        child = posix.fork()
        if child == 0:
            status = 1
            try:
                _compile_all(sources, directory, job, jobs)
                status = 0
            finally:
                posix._exit(status)
        children.append(child)
    _compile_all(sources, directory, 0, jobs)
    return int(any(posix.waitpid(child, 0)[1] for child in children))


def _compile_all(sources: "list[bytes]", directory: str, job: int, jobs: int) -> None:
    with open("%s/out.%d" % (directory, job), "wb") as out:  # noqa: PTH123, UP031  # as above
        for index in range(job, len(sources), jobs):
            source = sources[index]
            try:
                done, result = 1, _compile(source[1:], checked=source[:1] == b"c")
            except Exception as err:  # noqa: BLE001  # a module that cannot be compiled is reported
                text = "%s: %s" % (type(err).__name__, err)  # noqa: UP031  # works on every version
                done, result = 0, text.encode("utf-8", "replace")[:1000]
            out.write(index.to_bytes(4, "big") + bytes((done,)))
            out.write(len(result).to_bytes(4, "big") + result)


def _compile(path: bytes, *, checked: bool) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123  # as above
        source = file.read()
    name = path.decode("utf-8", "surrogateescape")
    code = compile(source, name, "exec", dont_inherit=True)
    held = []  # type: list[object]
    if not _hold(code, held):
        tree = compile(source, name, "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
        _unfold_sets(tree)
        code = compile(tree, name, "exec", 0, dont_inherit=True)  # type: ignore[call-overload]  # a Module
        held = []
        _hold(code, held)
    # `held` must live until here, see _hold.
    return _header(path, source, checked=checked) + marshal.dumps(code)


def _header(path: bytes, source: bytes, *, checked: bool) -> bytes:
    if sys.version_info >= (3, 7):  # noqa: UP036  # the image's, not ours
        flags = (3 if checked else 1).to_bytes(4, "little")
        return _MAGIC + flags + _imp.source_hash(_TOKEN, source)
    # 3.6 knows time stamps only: PEP 552.
    changed = int(posix.stat(path).st_mtime) & 0xFFFFFFFF
    return _MAGIC + changed.to_bytes(4, "little") + (len(source) & 0xFFFFFFFF).to_bytes(4, "little")


def _hold(value: object, held: "list[object]") -> bool:
    """Hold a reference to everything that `value` is made of; False if it has an unstable set.

    marshal notes an object for later reference only if someone else refers to it too, so the
    bytes would depend on which strings the interpreter happens to use elsewhere. Being held,
    everything is noted: Python/marshal.c, w_ref.
    """
    stable = True
    held.append(value)
    if isinstance(value, (tuple, frozenset)):
        if isinstance(value, frozenset) and not _SETS_ARE_SORTED:
            stable = not any(_hashed_by_address(item) for item in value)
        for item in value:
            stable = _hold(item, held) and stable
    elif hasattr(value, "co_code"):
        for name in _PARTS:
            stable = _hold(getattr(value, name), held) and stable
    return stable


def _hashed_by_address(value: object) -> bool:
    """Whether its place in a set changes with each process, whatever PYTHONHASHSEED says."""
    if isinstance(value, (tuple, frozenset)):
        return any(_hashed_by_address(item) for item in value)
    return value is None or value is Ellipsis


def _unfold_sets(node: object) -> None:
    """Turn `x in {None, 1}` into `x in {None, 1, *()}`, which is built when it runs."""
    if isinstance(node, _ast.Compare):
        for comparator in node.comparators:
            if isinstance(comparator, _ast.Set):
                comparator.elts.append(_nothing(comparator))
    if isinstance(node, _ast.AST):
        for name in node._fields:
            _unfold_sets(getattr(node, name, None))
    elif isinstance(node, list):
        for item in node:
            _unfold_sets(item)


def _nothing(where: "_ast.expr") -> "_ast.Starred":
    place = {"lineno": where.lineno, "col_offset": where.col_offset}  # type: dict[str, int | None]
    if sys.version_info >= (3, 8):  # noqa: UP036  # the image's, not ours
        place.update(end_lineno=where.end_lineno, end_col_offset=where.end_col_offset)
    empty = _ast.Tuple(elts=[], ctx=_ast.Load())
    nothing = _ast.Starred(value=empty, ctx=_ast.Load())
    for node in (empty, nothing):
        for name, value in place.items():
            setattr(node, name, value)
    return nothing


if __name__ == "__main__":
    sys.exit(main(sys.argv[0].rpartition("/")[0], int(sys.argv[1])))
