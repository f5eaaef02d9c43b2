"""Values taken from answers and put into later requests as `{{name}}`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, quote_plus

from jettison.errors import UsageError
from jettison.probe.cookies import CookieJar
from jettison.probe.html import find_tags
from jettison.probe.model import Answer, Body, BodyForm, Capture, CaptureKind

PLACEHOLDER: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_PLACEHOLDER_BYTES: Final = re.compile(PLACEHOLDER.pattern.encode())
_JSON_STEP: Final = re.compile(
    r"""\.([A-Za-z_][\w-]*)|\[(-?\d{1,9})\]|\[(?:"([^"]*)"|'([^']*)')\]"""
)
_LONGEST_VALUE: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that was not there, and why."""

    reason: str


class UnknownNameError(UsageError):
    """A request uses a value that no answer gave."""


def take(capture: Capture, answer: Answer, jar: CookieJar) -> str | Missing:
    """The value that `capture` names in `answer`."""
    found = _find(capture, answer, jar)
    if isinstance(found, Missing):
        return found
    if len(found) > _LONGEST_VALUE:
        return Missing(f"the value has {len(found)} characters")
    return found


def _find(capture: Capture, answer: Answer, jar: CookieJar) -> str | Missing:
    expression = capture.expression
    match capture.kind:
        case CaptureKind.HEADER:
            return answer.header(expression) or Missing(f"no header {expression}")
        case CaptureKind.COOKIE:
            value = jar.find(expression)
            return Missing(f"no cookie {expression}") if value is None else value
        case CaptureKind.REGEX:
            match = re.search(expression, text_of(answer), re.MULTILINE)
            if match is None:
                return Missing(f"nothing matches {expression!r}")
            return match[1] if match.re.groups and match[1] is not None else match[0]
        case CaptureKind.INPUT:
            for tag in find_tags(text_of(answer)):
                if tag.name in ("input", "meta") and tag.get("name") == expression:
                    return tag.get("value" if tag.name == "input" else "content")
            return Missing(f"no input named {expression}")
        case CaptureKind.JSON:
            return _find_json(expression, answer)


def _find_json(expression: str, answer: Answer) -> str | Missing:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return Missing("the body is not JSON")
    value = find_at(document, parse_json_path(expression))
    if isinstance(value, Missing):
        return Missing(f"nothing at {expression}: {value.reason}")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def text_of(answer: Answer) -> str:
    """The body as text; what is not in its charset is replaced."""
    _, _, parameters = answer.header("content-type").lower().partition("charset=")
    charset = parameters.partition(";")[0].strip(" \"'") or "utf-8"
    try:
        return answer.body.decode(charset, "replace")
    except (LookupError, ValueError):
        return answer.body.decode("utf-8", "replace")


def parse_json_path(text: str) -> tuple[str | int, ...]:
    """Parse a path such as `$.items[0]["full name"]`.

    Raises: UsageError.
    """
    steps: list[str | int] = []
    at = 1
    while text.startswith("$") and at < len(text):
        match = _JSON_STEP.match(text, at)
        if match is None:
            break
        name, index, double, single = match.groups()
        key = next((part for part in (name, double, single) if part is not None), "")
        steps.append(int(index) if index is not None else key)
        at = match.end()
    if not text.startswith("$") or at < len(text):
        raise UsageError(
            f"JSON path {text[:100]!r} is not understood", hint="write it as $.items[0].id"
        )
    return tuple(steps)


def find_at(document: Any, path: tuple[str | int, ...]) -> Any | Missing:
    """What stands at a path of a JSON document."""
    here = document
    for step in path:
        if isinstance(step, int) and isinstance(here, list):
            if not -len(here) <= step < len(here):
                return Missing(f"the list has {len(here)} items")
            here = here[step]
        elif isinstance(step, str) and isinstance(here, dict):
            if step not in here:
                return Missing(f"no key {step!r}")
            here = here[step]
        else:
            return Missing(f"{step!r} does not lead into {type(here).__name__}")
    return here


def fill_path(path: str, values: Mapping[str, str]) -> str:
    """A path with its names replaced; a name alone may be a whole path or URL.

    Raises: UnknownNameError.
    """
    whole = PLACEHOLDER.fullmatch(path)
    if whole is not None:
        return _value(whole[1], values)
    return PLACEHOLDER.sub(lambda match: quote(_value(match[1], values), safe=""), path)


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """A text with its names replaced.

    Raises: UnknownNameError.
    """
    return PLACEHOLDER.sub(lambda match: _value(match[1], values), text)


def fill_body(body: Body, values: Mapping[str, str]) -> bytes:
    """A body with its names replaced, each escaped as the form of the body needs it.

    Raises: UnknownNameError.
    """

    def replacement(match: re.Match[bytes]) -> bytes:
        value = _value(match[1].decode(), values)
        match body.form:
            case BodyForm.FORM:
                value = quote_plus(value)
            case BodyForm.JSON:
                value = json.dumps(value, ensure_ascii=False)[1:-1]
            case BodyForm.TEXT | BodyForm.BINARY:
                pass
        return value.encode("utf-8", "surrogateescape")

    if body.form is BodyForm.BINARY:
        return body.data
    return _PLACEHOLDER_BYTES.sub(replacement, body.data)


def _value(name: str, values: Mapping[str, str]) -> str:
    try:
        return values[name]
    except KeyError:
        raise UnknownNameError(f"{{{{{name}}}}} was not captured by an earlier step") from None
