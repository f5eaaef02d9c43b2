"""YAML whose values know their lines: nodes of PyYAML, read as mappings and lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

MAX_CHARS: Final = 1 << 20
# A mapping may merge itself, through others too.
_MAX_MERGES: Final = 4


class YamlError(ValueError):
    """A text that is no YAML; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place."""

    raw: yaml.Node

    @property
    def line(self) -> int:
        """Its first line, from 1."""
        return int(self.raw.start_mark.line) + 1

    @property
    def column(self) -> int:
        """Its first column, from 1."""
        return int(self.raw.start_mark.column) + 1

    @property
    def text(self) -> str:
        """A scalar as written, empty for others."""
        return str(self.raw.value) if isinstance(self.raw, yaml.ScalarNode) else ""

    @property
    def is_true(self) -> bool:
        """Whether it says yes, as YAML 1.1 does."""
        return self.text.lower() in ("true", "yes", "on")

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys."""
        return isinstance(self.raw, yaml.MappingNode)

    def items(self, depth: int = 0) -> Iterator[tuple[Node, Node]]:
        """Keys and values; its own first, then those that a merge key brings and it has not."""
        if not isinstance(self.raw, yaml.MappingNode) or depth > _MAX_MERGES:
            return
        seen: set[str] = set()
        merged: list[yaml.Node] = []
        for key, value in self.raw.value:
            if isinstance(key, yaml.ScalarNode) and key.value == "<<":
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            else:
                seen.add(Node(key).text)
                yield Node(key), Node(value)
        for other in merged:
            for inner, value in Node(other).items(depth + 1):
                if inner.text not in seen:
                    seen.add(inner.text)
                    yield inner, value

    def on(self, base: Node) -> Node:
        """Itself with what another mapping has beside, as if it merged that."""
        merge = yaml.ScalarNode("tag:yaml.org,2002:merge", "<<")
        value = [*self.raw.value, (merge, base.raw)]
        return Node(yaml.MappingNode(self.raw.tag, value, self.raw.start_mark, self.raw.end_mark))

    def get(self, *path: str) -> Node | None:
        """The value below some keys; None where one of them is not there."""
        current = self
        for name in path:
            found = next((value for key, value in current.items() if key.text == name), None)
            if found is None:
                return None
            current = found
        return current

    def key(self, name: str) -> Node | None:
        """The key itself, for its place."""
        return next((key for key, _ in self.items() if key.text == name), None)

    def elements(self) -> Iterator[Node]:
        """The elements of a list."""
        if isinstance(self.raw, yaml.SequenceNode):
            yield from map(Node, self.raw.value)


def read_documents(text: str) -> tuple[Node, ...]:
    """The documents of a YAML text.

    Raises: YamlError.
    """
    if len(text) > MAX_CHARS:
        raise YamlError("too long", 1)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return tuple(Node(node) for node in yaml.compose_all(text, Loader=loader) if node)
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        raise YamlError(err.problem or "not YAML", int(mark.line) + 1 if mark else 1) from err
    except (yaml.YAMLError, RecursionError, ValueError) as err:
        raise YamlError(str(err).splitlines()[0] if str(err) else "not YAML", 1) from err
