"""Ask for what the app's OpenAPI document says it answers to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from jettison.probe.crawl import Exchange
from jettison.probe.links import Site
from jettison.probe.model import Answer, Purpose, Request, Skipped

DOCUMENT: Final = "/openapi.json"
_MOST_OPERATIONS: Final = 100
_FORMATS: Final = {
    "date": "2000-01-01",
    "date-time": "2000-01-01T00:00:00Z",
    "email": "a@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_FIELD: Final = re.compile(r"\{([^{}/]*)\}")


@dataclass(frozen=True, slots=True)
class OpenApi:
    """GET operations; required parameters get their example, their default, or a value made up."""

    site: Site

    def run(self) -> Exchange:
        """Ask for the document and then for its operations, in its order."""
        port = self.site.port
        answers = yield Request(path=DOCUMENT, port=port, purpose=Purpose.WELL_KNOWN)
        document = _document(answers[-1]) if answers else None
        if document is None:
            return ()
        targets, skipped = plan_operations(document)
        for target in targets:
            yield Request(path=target, port=port, purpose=Purpose.OPENAPI)
        return skipped


def plan_operations(document: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[Skipped, ...]]:
    """The targets to ask for, and the GET operations left out.

    Shape: targets in the document's order, each once.
    Source: OpenAPI 3.1, "Path Item Object" and "Parameter Object".
    """
    targets: list[str] = []
    skipped: list[Skipped] = []
    prefix = _prefix(document)
    paths = document.get("paths")
    for path, item in (paths if isinstance(paths, dict) else {}).items():
        operation = item.get("get") if isinstance(item, dict) else None
        if not isinstance(operation, dict) or not path.startswith("/"):
            continue
        parameters = [*_list(item.get("parameters")), *_list(operation.get("parameters"))]
        target = _fill(path, parameters, document)
        if target is None:
            reason = "no value is known for a required parameter"
            skipped.append(Skipped(item=f"GET {path}", reason=reason))
        elif len(targets) >= _MOST_OPERATIONS:
            reason = f"more than {_MOST_OPERATIONS} operations"
            skipped.append(Skipped(item=f"GET {path}", reason=reason))
        else:
            targets.append(prefix + target)
    return tuple(dict.fromkeys(targets)), tuple(skipped)


def _document(answer: Answer) -> dict[str, Any] | None:
    if answer.status != 200:
        return None
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    is_openapi = isinstance(value, dict) and ("openapi" in value or "swagger" in value)
    return value if is_openapi else None


def _prefix(document: Mapping[str, Any]) -> str:
    """The path part of the first server, or Swagger 2's basePath."""
    servers = _list(document.get("servers"))
    url = servers[0].get("url") if servers and isinstance(servers[0], dict) else None
    path = url if isinstance(url, str) else document.get("basePath")
    if not isinstance(path, str) or not path.startswith("/") or "{" in path:
        return ""
    return path.rstrip("/")


def _fill(path: str, parameters: list[Any], document: Mapping[str, Any]) -> str | None:
    values: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    for reference in parameters:
        parameter = _resolve(reference, document)
        name = str(parameter.get("name"))
        if parameter.get("required") is not True:
            continue
        value = _example(parameter, document)
        if value is None or parameter.get("in") not in ("path", "query"):
            return None
        if parameter["in"] == "path":
            values[name] = quote(value, safe="")
        else:
            query.append((name, value))
    if any(name not in values for name in _FIELD.findall(path)):
        return None
    target = _FIELD.sub(lambda match: values[match[1]], path)
    return f"{target}?{urlencode(query)}" if query else target


def _example(parameter: Mapping[str, Any], document: Mapping[str, Any]) -> str | None:
    # Swagger 2 writes the schema's keys into the parameter itself.
    schema = _resolve(parameter.get("schema"), document) or parameter
    named = parameter.get("examples")
    candidates: list[Any] = [parameter.get("example")]
    if isinstance(named, dict):
        candidates += [item.get("value") for item in named.values() if isinstance(item, dict)]
    candidates += [schema.get("example"), *_list(schema.get("examples"))]
    candidates += [schema.get("default"), *_list(schema.get("enum"))]
    for value in candidates:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
    return _made_up(schema)


def _made_up(schema: Mapping[str, Any]) -> str | None:
    """The simplest value of a type; that nothing has this key is an answer as well."""
    kind = schema.get("type")
    if kind in ("integer", "number"):
        least = schema.get("minimum")
        return str(least) if isinstance(least, int | float) else "1"
    if kind == "boolean":
        return "true"
    if kind == "string" and "pattern" not in schema:
        return _FORMATS.get(str(schema.get("format")), "a")
    return None


def _resolve(value: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """An object, or the one in the same document that it refers to, one step far."""
    if not isinstance(value, dict):
        return {}
    reference = value.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return value
    here: Any = document
    for part in reference[2:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        here = here.get(key) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
