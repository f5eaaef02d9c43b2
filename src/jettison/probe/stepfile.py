"""Steps as written in a probe file; `docs/probes.md` describes it for users."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import quote_plus

import yaml

from jettison.errors import UsageError
from jettison.probe.capture import PLACEHOLDER, parse_json_path
from jettison.probe.model import Body, BodyForm, Capture, CaptureKind, Expectation, Request
from jettison.probe.steps import METHODS, parse_address, parse_port, parse_probe, parse_statuses

MOST_BYTES: Final = 1 << 20
_MOST_BODY_BYTES: Final = 64 << 20
_MOST_STEPS: Final = 1000
FILE_KEYS: Final = ("steps", "headers", "port", "scheme")
_BODY_KEYS: Final = ("form", "json", "body", "body_file", "files")
STEP_KEYS: Final = (
    *("name", "method", "path", "port", "scheme", "query", "headers"),
    *_BODY_KEYS,
    *("capture", "expect", "repeat"),
)
EXPECT_KEYS: Final = ("status", "body", "json")
# The same bytes each time; long enough not to stand in a file by accident.
_BOUNDARY: Final = "jettison-7d1f0f6a9c2b4e58"


class _Loader(yaml.SafeLoader):
    """YAML without dates (`2026-01-01` in a JSON body is a string) and without aliases.

    A few nested aliases can stand for gigabytes of JSON.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # incomplete stubs
            mark = event.start_mark
            raise yaml.composer.ComposerError(None, None, "aliases are not supported", mark)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [item for item in resolvers if item[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_probe_file(path: Path) -> tuple[Request, ...]:
    """Read the steps of a probe file; the files that it names are read from beside it.

    Raises: UsageError naming file, line and step.
    """

    def read(name: str) -> bytes:
        return _read(path.parent / name, _MOST_BODY_BYTES)

    text = _read(path, MOST_BYTES)
    try:
        return parse_probe_file(text.decode("utf-8-sig"), name=str(path), read_file=read)
    except UnicodeDecodeError as err:
        raise UsageError(f"{path}: it is not UTF-8: {err.reason}") from err


def parse_probe_file(
    text: str, *, name: str, read_file: Callable[[str], bytes]
) -> tuple[Request, ...]:
    """The steps of a probe file, repetitions written out.

    Raises: UsageError naming file, line and step.
    """
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    except (yaml.YAMLError, RecursionError) as err:
        raise UsageError(f"{name}: not YAML: {_yaml_phrase(err)}") from err
    finally:
        loader.dispose()
    reader = _Reader(name=name, loader=loader, read_file=read_file)
    return reader.read(root)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns YAML nodes into requests, knowing where each stands."""

    name: str
    loader: _Loader
    read_file: Callable[[str], bytes]
    step: str = ""

    def read(self, root: yaml.Node | None) -> tuple[Request, ...]:
        if root is None:
            raise UsageError(f"{self.name}: it is empty", hint="it needs a list named steps")
        fields = self.mapping(root, FILE_KEYS)
        if "steps" not in fields:
            self.fail(root, "there is no list named steps")
        nodes = fields["steps"]
        if not isinstance(nodes, yaml.SequenceNode) or not nodes.value:
            self.fail(nodes, "steps must be a list of at least one step")
        if len(nodes.value) > _MOST_STEPS:
            self.fail(nodes, f"there are more than {_MOST_STEPS} steps")
        defaults = Request(
            headers=self.pairs(fields["headers"]) if "headers" in fields else (),
            port=self.port(fields["port"]) if "port" in fields else None,
            scheme=self.scheme(fields["scheme"]) if "scheme" in fields else None,
        )
        found: list[Request] = []
        known: set[str] = set()
        for number, node in enumerate(nodes.value, start=1):
            reader = replace(self, step=f"step {number}: ")
            for request in reader.read_step(node, defaults):
                reader.check_names(node, request, known)
                known.update(capture.name for capture in request.captures)
                found.append(request)
            if len(found) > _MOST_STEPS:
                reader.fail(node, f"with repetitions there are more than {_MOST_STEPS} steps")
        return tuple(found)

    def read_step(self, node: yaml.Node, defaults: Request) -> tuple[Request, ...]:
        where = self.where(node)
        if isinstance(node, yaml.ScalarNode):
            request = parse_probe(self.text(node), where=where)
            port = defaults.port if request.port is None else request.port
            scheme = request.scheme or defaults.scheme
            return (replace(request, port=port, scheme=scheme, headers=defaults.headers),)
        fields = self.mapping(node, STEP_KEYS)
        if "path" not in fields:
            self.fail(node, "it has no path")
        scheme, port, path = parse_address(
            self.text(fields["path"]), where=self.where(fields["path"])
        )
        if "query" in fields:
            path += ("&" if "?" in path else "?") + self.encoded(fields["query"])
        headers, body = self.body(fields)
        own = self.pairs(fields["headers"]) if "headers" in fields else ()
        request = Request(
            name=self.text(fields["name"]) if "name" in fields else "",
            method=self.method(fields["method"]) if "method" in fields else _method(fields),
            path=path,
            port=self.port(fields["port"]) if "port" in fields else port or defaults.port,
            scheme=self.scheme(fields["scheme"]) if "scheme" in fields else scheme,
            headers=_merge(defaults.headers, headers, own),
            body=body,
            expect=self.expectation(fields["expect"]) if "expect" in fields else Expectation(),
            captures=self.captures(fields["capture"]) if "capture" in fields else (),
            where=where,
        )
        request = replace(request, scheme=request.scheme or defaults.scheme)
        times = self.integer(fields["repeat"], 1, _MOST_STEPS) if "repeat" in fields else 1
        return (request,) * times

    def body(self, fields: Mapping[str, yaml.Node]) -> tuple[tuple[tuple[str, str], ...], Body]:
        given = [key for key in _BODY_KEYS if key in fields]
        if len(given) > 1 and given != ["form", "files"]:
            self.fail(fields[given[1]], f"{' and '.join(given)} cannot be given together")
        if "files" in fields:
            form = self.pairs(fields["form"]) if "form" in fields else ()
            data = self.multipart(form, fields["files"])
            kind = f"multipart/form-data; boundary={_BOUNDARY}"
            return (("Content-Type", kind),), Body(form=BodyForm.BINARY, data=data)
        if "form" in fields:
            data = self.encoded(fields["form"]).encode()
            kind = "application/x-www-form-urlencoded"
            return (("Content-Type", kind),), Body(form=BodyForm.FORM, data=data)
        if "json" in fields:
            value = self.plain(fields["json"])
            data = json.dumps(value, ensure_ascii=False).encode()
            return (("Content-Type", "application/json"),), Body(form=BodyForm.JSON, data=data)
        if "body" in fields:
            return (), Body(form=BodyForm.TEXT, data=self.text(fields["body"]).encode())
        if "body_file" in fields:
            return (), Body(form=BodyForm.BINARY, data=self.file(fields["body_file"]))
        return (), Body()

    def multipart(self, form: tuple[tuple[str, str], ...], files: yaml.Node) -> bytes:
        parts: list[bytes] = []
        for key, value in form:
            head = f'Content-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n'
            parts.append(head.encode() + value.encode())
        for key, node in self.items(files):
            name = Path(self.text(node)).name
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            head = (
                f'Content-Disposition: form-data; name="{_quoted(key)}"; '
                f'filename="{_quoted(name)}"\r\nContent-Type: {kind}\r\n\r\n'
            )
            parts.append(head.encode() + self.file(node))
        edge = f"--{_BOUNDARY}".encode()
        return b"".join(edge + b"\r\n" + part + b"\r\n" for part in parts) + edge + b"--\r\n"

    def expectation(self, node: yaml.Node) -> Expectation:
        fields = self.mapping(node, EXPECT_KEYS)
        statuses: tuple[tuple[int, int], ...] = ()
        if "status" in fields:
            status = fields["status"]
            nodes = status.value if isinstance(status, yaml.SequenceNode) else [status]
            text = ",".join(self.text(item) for item in nodes)
            statuses = parse_statuses(text, where=self.where(status))
        wanted: list[tuple[str, str]] = []
        for path, value in self.items(fields["json"]) if "json" in fields else ():
            self.json_path(fields["json"], path)
            wanted.append((path, json.dumps(self.plain(value), ensure_ascii=False)))
        return Expectation(
            statuses=statuses,
            body=self.regex(fields["body"]) if "body" in fields else "",
            json=tuple(wanted),
        )

    def captures(self, node: yaml.Node) -> tuple[Capture, ...]:
        found: list[Capture] = []
        for name, source in self.items(node):
            if PLACEHOLDER.fullmatch(f"{{{{{name}}}}}") is None:
                self.fail(source, f"{name!r} is no name; use letters, digits and _")
            fields = self.mapping(source, tuple(CaptureKind))
            if len(fields) != 1:
                self.fail(source, f"capture {name}: give one of {', '.join(CaptureKind)}")
            kind, value = next(iter(fields.items()))
            expression = self.text(value)
            if kind == CaptureKind.REGEX:
                self.regex(value)
            if kind == CaptureKind.JSON:
                self.json_path(value, expression)
            found.append(Capture(name=name, kind=CaptureKind(kind), expression=expression))
        return tuple(found)

    def check_names(self, node: yaml.Node, request: Request, known: set[str]) -> None:
        texts = [request.path, *(value for _, value in request.headers)]
        if request.body.form is not BodyForm.BINARY:
            texts.append(request.body.data.decode("utf-8", "replace"))
        for text in texts:
            for name in PLACEHOLDER.findall(text):
                if name not in known:
                    self.fail(node, f"{{{{{name}}}}} is not captured by an earlier step")

    # What the parts of a step are made of.

    def mapping(self, node: yaml.Node, keys: tuple[str, ...]) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, value in self.items(node):
            if key not in keys:
                self.fail(value, f"unknown key {key!r}", hint=f"known are {', '.join(keys)}")
            found[key] = value
        return found

    def items(self, node: yaml.Node) -> tuple[tuple[str, yaml.Node], ...]:
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, f"expected names and values, found {_kind(node)}")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self.text(key)
            if name in found:
                self.fail(key, f"{name!r} is given twice")
            found[name] = value
        return tuple(found.items())

    def pairs(self, node: yaml.Node) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        for key, value in self.items(node):
            nodes = value.value if isinstance(value, yaml.SequenceNode) else [value]
            found.extend((key, self.text(item)) for item in nodes)
        return tuple(found)

    def encoded(self, node: yaml.Node) -> str:
        return "&".join(f"{_encode(key)}={_encode(value)}" for key, value in self.pairs(node))

    def text(self, node: yaml.Node) -> str:
        # The text as written: `yes` and `007` mean themselves in a header or a form.
        if not isinstance(node, yaml.ScalarNode):
            self.fail(node, f"expected a text, found {_kind(node)}")
        return str(node.value)

    def plain(self, node: yaml.Node) -> Any:
        try:
            value = self.loader.construct_object(node, deep=True)
            json.dumps(value, allow_nan=False)
        except (yaml.YAMLError, TypeError, ValueError, RecursionError) as err:
            self.fail(node, f"not a JSON value: {_yaml_phrase(err)}")
        return value

    def method(self, node: yaml.Node) -> str:
        method = self.text(node).upper()
        if method not in METHODS:
            self.fail(node, f"unknown method {method!r}", hint=f"known are {', '.join(METHODS)}")
        return method

    def port(self, node: yaml.Node) -> int:
        return parse_port(self.text(node), where=self.where(node))

    def scheme(self, node: yaml.Node) -> str:
        scheme = self.text(node).lower()
        if scheme not in ("http", "https"):
            self.fail(node, f"unknown scheme {scheme!r}", hint="known are http, https")
        return scheme

    def integer(self, node: yaml.Node, low: int, high: int) -> int:
        text = self.text(node)
        if not re.fullmatch(r"[0-9]{1,6}", text) or not low <= int(text) <= high:
            self.fail(node, f"{text!r} is not a number from {low} to {high}")
        return int(text)

    def regex(self, node: yaml.Node) -> str:
        text = self.text(node)
        try:
            re.compile(text)
        except (re.error, RecursionError, OverflowError) as err:
            self.fail(node, f"regular expression {text!r}: {err}")
        return text

    def json_path(self, node: yaml.Node, path: str) -> None:
        try:
            parse_json_path(path)
        except UsageError as err:
            self.fail(node, err.message, hint=err.hint)

    def file(self, node: yaml.Node) -> bytes:
        try:
            return self.read_file(self.text(node))
        except UsageError as err:
            self.fail(node, err.message)

    def where(self, node: yaml.Node) -> str:
        return f"{self.name}:{node.start_mark.line + 1}: {self.step}".rstrip(": ")

    def fail(self, node: yaml.Node, message: str, *, hint: str = "") -> NoReturn:
        raise UsageError(f"{self.where(node)}: {message}", hint=hint)


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as err:
        raise UsageError(f"{path}: {err.strerror}") from err
    if len(data) > most:
        raise UsageError(f"{path}: it has more than {most >> 20} MiB")
    return data


def _method(fields: Mapping[str, yaml.Node]) -> str:
    return "POST" if any(key in fields for key in _BODY_KEYS) else "GET"


def _merge(*groups: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Headers of all groups; a later group replaces those of an earlier one by name."""
    merged: tuple[tuple[str, str], ...] = ()
    for group in groups:
        names = {name.lower() for name, _ in group}
        merged = (*(item for item in merged if item[0].lower() not in names), *group)
    return merged


def _encode(text: str) -> str:
    """Percent-encode all but the names in double braces."""
    parts: list[str] = []
    at = 0
    for match in PLACEHOLDER.finditer(text):
        parts += [quote_plus(text[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*parts, quote_plus(text[at:])])


def _quoted(text: str) -> str:
    # HTML's rules for multipart/form-data names.
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "names and values"
    return "a list" if isinstance(node, yaml.SequenceNode) else f"{node.value!r}"


def _yaml_phrase(err: Exception) -> str:
    if isinstance(err, yaml.MarkedYAMLError) and err.problem_mark is not None:
        return f"line {err.problem_mark.line + 1}: {err.problem}"
    return str(err) or type(err).__name__
