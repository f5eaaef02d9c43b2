"""Say what a Python source imports, without running or even parsing it.

A lexical scan over bytes: the image's Python may be newer or older than the one that runs
jettison, and parsing a whole closure takes seconds where this takes a fifth of one. It never
misses an import statement; where it cannot decide a condition it keeps both branches.
Finding the modules that the names mean is python_modules' work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from jettison.analysis.python_conditions import Target, truth


class Import(NamedTuple):
    """One import, as written.

    Shape: `level` counts leading dots; `module` is the rest of the dotted name and may be empty;
    `names` are what a `from` import names, ("*",) included, and empty for a plain `import`.
    """

    module: str
    names: tuple[str, ...] = ()
    level: int = 0


class SourceScan(NamedTuple):
    """What a source names.

    Shape: `imports` in order of appearance; `distributions` are literal names given to
    `importlib.metadata`; `libraries` those given to `ctypes`; `groups` literal names of entry point
    groups; `strings` are short literals that could be dotted names, only where they were asked for.
    Then `imports` has those of code in literals as well, behind `python -c` or for `exec`.
    """

    imports: tuple[Import, ...]
    distributions: frozenset[str] = frozenset()
    libraries: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    strings: frozenset[str] = frozenset()


# Possessive are single characters only: over groups they match wrongly before Python 3.11.5,
# gh-106052. The alternatives exclude each other, so nothing is read twice all the same.
_STRING: Final = (
    rb'"(?:""(?:[^"\\]++|\\.|"(?!""))*"""|(?:[^"\\\n]++|\\.)*")'
    rb"|'(?:''(?:[^'\\]++|\\.|'(?!''))*'''|(?:[^'\\\n]++|\\.)*')"
)
_STATEMENT: Final = rb"(?:\n|[:;])[ \t\f]*+(?:(?P<import>import)|(?P<from>from))\b"
_CONDITION: Final = (
    rb"\n[ \t]*+(?P<if>if|elif)\b(?=[^\n]*?(?:TYPE_CHECKING|sys\.platform|os\.name|version_info"
    rb"|platform\.system|PY[23]\b|MYPY|python_implementation|implementation\.name"
    rb"|[ (]False\b|[ (]0[ :)]))"
)
# Functions whose first literal argument names a module: the standard ones, and the spellings
# that popular packages give to their own lazy loaders.
_LOADERS: Final = (
    "import_module", "__import__", "find_spec", "import_string", "import_optional_dependency",
    "optional_import", "import_optional", "try_import", "lazy_import", "lazy_module", "LazyLoader",
    "LazyModule", "LazyImport", "import_object", "import_attr", "resource_filename",
    "resource_string", "resource_stream", "resource_listdir", "get_data", "files", "open_text",
    "open_binary", "read_text", "read_binary", "PackageLoader", "run_module", "resolve_name",
)  # fmt: skip
_METADATA: Final = (
    "version",
    "distribution",
    "metadata",
    "requires",
    "require",
    "get_distribution",
)
_LIBRARIES: Final = ("find_library", "CDLL", "LoadLibrary", "PyDLL", "cdll", "dlopen")
_GROUPS: Final = (
    "entry_points",
    "iter_entry_points",
    "get_entry_points",
    "select",
    "ExtensionManager",
)


_CALLEES: Final[dict[bytes, str]] = {
    name.encode(): kind
    for kind, names in (
        ("load", _LOADERS),
        ("metadata", _METADATA),
        ("library", _LIBRARIES),
        ("group", _GROUPS),
    )
    for name in names
}
_TOKEN: Final = re.compile(
    rb"\#[^\n]*+|" + _STRING + rb"|" + _STATEMENT + rb"|" + _CONDITION, re.DOTALL
)
# A cheap look (memmem) at whether calls of these functions can be there at all.
_HINTS: Final = (
    b"import_", b"__import__", b"find_spec", b"_import", b"LazyLoader", b"LazyModule",
    b"LazyImport", b"importlib", b"pkg_resources", b"pkgutil", b"ctypes", b"entry_points",
    b"PackageLoader", b"lazy_module", b"dlopen", b"stevedore", b"run_module",
)  # fmt: skip

# Whether literals of a source may be code that it runs.
_RUNS_CODE: Final = re.compile(
    rb"""["']-c["']|python[\w.]*\s+-c\b|(?<![.\w])(?:exec|compile)\(|\btimeit\("""
)
_REST_OF_LINE: Final = rb"(?:[^\n\\;#]++|\\\r?\n|\\.)*"
_IMPORT_REST: Final = re.compile(_REST_OF_LINE, re.DOTALL)
_FROM_REST: Final = re.compile(
    rb"(?P<module>[\w.\x80-\xff \t\\\r\n]*?)\bimport\b(?P<tail>[ \t]*(?:\\\r?\n[ \t]*)*"
    rb"(?:\((?P<names>(?:[^)#]++|\#[^\n]*+)*)\)|(?P<line>" + _REST_OF_LINE + rb")))",
    re.DOTALL,
)
_COMMENT: Final = re.compile(rb"\#[^\n]*")
_NOISE: Final = re.compile(rb"[\s\\]+")
_ALIAS: Final = re.compile(rb"\sas\s", re.DOTALL)
_BLOCK_HEAD: Final = re.compile(rb"(?P<condition>[^\n#]*):[ \t]*(?:\#[^\n]*)?\r?(?=\n|\Z)")
_INLINE_HEAD: Final = re.compile(rb"(?P<condition>[^\n#:]*):(?P<body>[^\n]+)")
_CALLEE: Final = re.compile(rb"(\w+)\((?:\s*\w+\s*=)?\Z")
_PACKAGE_ARGUMENT: Final = re.compile(rb"\s*,\s*(?:package\s*=\s*)?[\"']([\w.]+)[\"']")
# White space and the letters that may prefix a literal.
_BEFORE_LITERAL: Final = b" \t\r\n\\rRuUbBfF"
_DEFERRING: Final = re.compile(rb"\s*(?:(?:async\s+)?def\b|if\s+__name__\s*==)")
_CALL_REACH: Final = 60
_HASH: Final = ord("#")
_NAME: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_MAX_STRING: Final = 200


def scan_source(source: bytes, target: Target, *, strings: bool = False) -> SourceScan:
    """What `source` imports on `target`, lazy imports in functions included.

    Shape: branches that only a type checker or another platform or version takes are left out,
    where the condition says so plainly. `strings` asks for the string literals too.
    """
    text = b"\n" + source.removeprefix(b"\xef\xbb\xbf")
    return _Scan(text, target, strings=strings).run()


def scan_shell(script: bytes, target: Target) -> tuple[Import, ...]:
    """What Python code in a shell script imports: behind `python -c`, or in a here-document."""
    if b"python" not in script or b"import" not in script:
        return ()
    # A quote of the shell's begins or ends the code, whatever the code's own quotes mean.
    code = script.replace(b"'", b"\n").replace(b'"', b"\n")
    return tuple(found for found in scan_source(code, target).imports if not found.level)


def absolute_names(found: Import, module: str, *, is_package: bool) -> tuple[str, ...]:
    """The absolute names one import may load, packages before what is in them.

    Shape: `from a import b` gives `a` and `a.b`, since `b` may be a module; `module` is the
    importing module's own name; a relative import above the top gives nothing.
    """
    base = found.module
    if found.level:
        parts = module.split(".") if module else []
        up = found.level - 1 if is_package else found.level
        if up > len(parts) or (up == len(parts) and not base):
            return ()
        anchor = ".".join(parts[: len(parts) - up])
        base = f"{anchor}.{base}" if anchor and base else anchor or base
    if not found.names:
        return (base,) if base else ()
    if not base:
        return found.names
    return (base, *(f"{base}.{name}" for name in found.names if name != "*"))


def runs_when_imported(source: bytes, top: str) -> bool:
    """Whether importing the module imports `top` or something in it.

    That is, whether such an import stands outside of functions and of `if __name__ == "__main__"`.
    """
    return any(not any(map(_DEFERRING.match, heads)) for heads in _enclosing(source, top))


def does_without(source: bytes, top: str) -> bool:
    """Whether every import of `top` stands directly in a `try` block, so that it may fail."""
    return all(heads and heads[0].strip().startswith(b"try") for heads in _enclosing(source, top))


def _enclosing(source: bytes, top: str) -> Iterator[list[bytes]]:
    """For each import of `top`, the lines that open the blocks around it, innermost first."""
    text = b"\n" + source
    name = re.escape(top.encode())
    pattern = rb"\n(?P<indent>[ \t]*)(?:import\b[^\n]*?[ ,]|from[ \t]+)%b\b" % name
    for match in re.finditer(pattern, text):
        heads: list[bytes] = []
        depth = len(match["indent"])
        for line in reversed(text[: match.start() + 1].splitlines()):
            if depth == 0:
                break
            bare = line.lstrip()
            if bare and not bare.startswith(b"#") and len(line) - len(bare) < depth:
                heads.append(line)
                depth = len(line) - len(bare)
        yield heads


class _Scan:
    """State of one scan; the skipped ranges are byte offsets into the text."""

    def __init__(self, text: bytes, target: Target, *, strings: bool) -> None:
        self.text = text
        self.target = target
        self.imports: list[Import] = []
        self.named: dict[str, set[str]] = {"metadata": set(), "library": set(), "group": set()}
        self.strings: set[str] | None = set() if strings else None
        self.skipped: list[tuple[int, int]] = []

    def run(self) -> SourceScan:
        want_strings = self.strings is not None
        want_calls = any(hint in self.text for hint in _HINTS)
        want_code = want_strings and _RUNS_CODE.search(self.text) is not None
        for match in _TOKEN.finditer(self.text):
            kind = match.lastgroup
            start = match.start()
            if kind is None and not (want_strings or want_calls):
                continue
            if self.skipped and any(low <= start < high for low, high in self.skipped):
                continue
            if kind is None:
                if self.text[start] == _HASH:
                    continue
                if want_calls:
                    self._add_call(start, match.end())
                if want_strings:
                    self._add_string(match[0])
                if want_code and b"import" in match[0]:
                    self._add_code(match[0])
                continue
            if kind == "import":
                self._add_import(match.end())
            elif kind == "from":
                self._add_from(match.end())
            else:
                self._add_condition(match)
        return SourceScan(
            imports=tuple(dict.fromkeys(self.imports)),
            distributions=frozenset(self.named["metadata"]),
            libraries=frozenset(self.named["library"]),
            groups=frozenset(self.named["group"]),
            strings=frozenset(self.strings or ()),
        )

    def _add_import(self, at: int) -> None:
        rest = _IMPORT_REST.match(self.text, at)
        if rest is not None:
            for item in rest[0].split(b","):
                name = _clean(_ALIAS.split(item)[0])
                if _NAME.fullmatch(name):
                    self.imports.append(Import(name))

    def _add_from(self, at: int) -> None:
        rest = _FROM_REST.match(self.text, at)
        if rest is None:
            return
        dotted = _clean(rest["module"])
        module = dotted.lstrip(".")
        listed = rest["names"] if rest["names"] is not None else rest["line"]
        if b"#" in listed:
            listed = _COMMENT.sub(b"", listed)
        names = (_clean(_ALIAS.split(item)[0]) for item in listed.split(b","))
        found = tuple(name for name in names if name == "*" or name.isidentifier())
        level = len(dotted) - len(module)
        if found and (level or _NAME.fullmatch(module)):
            self.imports.append(Import(module, found, level))

    def _add_condition(self, match: re.Match[bytes]) -> None:
        line_start = match.start() + 1
        indent = self.text[line_start : match.start("if")]
        head = _BLOCK_HEAD.match(self.text, match.end())
        if head is None:
            inline = _INLINE_HEAD.match(self.text, match.end())
            if inline is not None and truth(inline["condition"], self.target) is False:
                self.skipped.append((inline.start("body") - 1, inline.end()))
            return
        verdict = truth(head["condition"], self.target)
        if verdict is None:
            return
        end = _block_end(indent).search(self.text, head.end())
        block_end = end.start() if end else len(self.text)
        if verdict is False:
            self.skipped.append((head.end(), block_end))
            return
        # What follows a branch that is always taken never runs.
        chain_end = block_end
        while (more := _chained(indent).match(self.text, chain_end)) is not None:
            end = _block_end(indent).search(self.text, more.end())
            chain_end = end.start() if end else len(self.text)
        if chain_end > block_end:
            self.skipped.append((block_end, chain_end))

    def _add_call(self, start: int, end: int) -> None:
        """Note a literal that is the first argument of a call of one of `_CALLEES`."""
        before = self.text[max(0, start - _CALL_REACH) : start].rstrip(_BEFORE_LITERAL)
        if not before.endswith((b"(", b"=")):
            return
        callee = _CALLEE.search(before)
        kind = _CALLEES.get(callee[1]) if callee is not None else None
        if kind is None:
            return
        value = _literal(self.text[start:end])
        if kind != "load":
            if value and len(value) <= _MAX_STRING:
                self.named[kind].add(value)
            return
        # The part of an f-string before its first field, or up to a placeholder.
        value = value.partition("{")[0].partition("%")[0]
        # A literal that ends in a dot is the start of a name put together at run time.
        module = value.partition(":")[0].rstrip(".")
        bare = module.lstrip(".")
        level = len(module) - len(bare)
        if bare and not _NAME.fullmatch(bare):
            return
        package = _PACKAGE_ARGUMENT.match(self.text, end) if level else None
        if package is not None:
            self._add_below(package[1].decode(), bare, level)
        elif level:
            self.imports.append(Import("", (bare,), level) if bare else Import("", ("*",), level))
        elif bare:
            self.imports.append(Import(bare))

    def _add_below(self, package: str, bare: str, level: int) -> None:
        found = absolute_names(Import(bare, (), level), package, is_package=True)
        self.imports.extend(Import(name) for name in found)

    def _add_string(self, token: bytes) -> None:
        if self.strings is not None and 2 < len(token) <= _MAX_STRING:
            self.strings.add(_literal(token))

    def _add_code(self, token: bytes) -> None:
        code = token.strip(token[:1]).replace(b"\\n", b"\n")
        found = (*scan_source(code, self.target).imports, *scan_shell(code, self.target))
        self.imports.extend(item for item in found if not item.level)


@lru_cache(maxsize=256)
def _block_end(indent: bytes) -> re.Pattern[bytes]:
    """The next line with code that does not stand deeper than `indent`."""
    return re.compile(rb"\n(?!%b[ \t])[ \t\f]*+[^\s#]" % re.escape(indent))


@lru_cache(maxsize=256)
def _chained(indent: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\n%b(?:elif|else)\b[^\n]*" % re.escape(indent))


def _literal(token: bytes) -> str:
    return token.strip(token[:1]).decode("utf-8", "replace")


def _clean(name: bytes) -> str:
    return _NOISE.sub(b"", name).decode("utf-8", "replace")
