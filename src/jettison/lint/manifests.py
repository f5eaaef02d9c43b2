"""The containers of Kubernetes manifests and the services of compose files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jettison.lint.model import Place, Problem, Severity
from jettison.lint.yamlnodes import Node, read_documents

_COMPOSE: Final = re.compile(r"(?:docker-)?compose(?:\.[\w-]+)*\.ya?ml\Z")
# Where the pod stands in each kind.
_PODS: Final = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "ReplicationController": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
# What a service waits for that lets another one work first.
_ENDED: Final = "service_completed_successfully"
# A service may extend itself, through others too.
_MAX_EXTENDS: Final = 4
_ONE_OFF: Final = frozenset({"Job", "CronJob"})


class Platform(StrEnum):
    """What runs the container."""

    KUBERNETES = "kubernetes"
    COMPOSE = "compose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One container of a pod, or one service.

    Shape: `kind` is Kubernetes's or `service`; `pod` is the pod's spec, None for compose;
    `is_initial` says that it ends before the others begin, `is_partial` that the rest of it stands
    in another file: a patch, or a service that extends one of another file.
    """

    platform: Platform
    file: str
    name: str
    kind: str
    node: Node
    pod: Node | None = None
    is_initial: bool = False
    is_partial: bool = False

    @property
    def is_one_off(self) -> bool:
        """Whether it is meant to end, so that nobody asks whether it is healthy."""
        return self.kind in _ONE_OFF or self.is_initial

    @property
    def leniency(self) -> Severity | None:
        """What counts as a remark only where it ends before anybody can reach it."""
        return Severity.INFO if self.is_initial else None

    @property
    def image(self) -> str:
        """The name of its image, empty where it has none."""
        found = self.node.get("image")
        return found.text if found is not None else ""

    def setting(self, name: str) -> Node | None:
        """A field of its security context, or of its pod's where that has one of that name."""
        found = self.node.get("securityContext", name)
        if found is None and self.pod is not None:
            found = self.pod.get("securityContext", name)
        return found

    def problem(
        self, message: str, at: Node | None = None, *, severity: Severity | None = None
    ) -> Problem:
        """A problem of it, at a field or at the container's beginning."""
        where = at or self.node
        place = Place(file=self.file, line=where.line, column=where.column)
        return Problem(place=place, message=f"{self.name}: {message}", severity=severity)


def is_compose(path: str) -> bool:
    """Whether a file is compose's by its name."""
    return _COMPOSE.match(path.rpartition("/")[2]) is not None


def find_workloads(file: str, text: str) -> Iterator[Workload]:
    """The containers that a YAML file describes, none where it is about something else.

    Raises: YamlError.
    """
    for document in read_documents(text):
        if is_compose(file):
            yield from _services(file, document)
        else:
            yield from _containers(file, document)


def _services(file: str, document: Node) -> Iterator[Workload]:
    services = document.get("services")
    if services is None:
        return
    ending = {
        name.text
        for _, node in services.items()
        for name, needed in _items(node.get("depends_on"))
        if (condition := needed.get("condition")) and condition.text == _ENDED
    }
    for key, written in services.items():
        node, is_partial = _extended(services, written)
        # An override that only adds to a service says nothing of what the whole is like.
        if node.is_mapping and any(map(node.get, ("image", "build", "extends"))):
            yield Workload(
                platform=Platform.COMPOSE,
                file=file,
                name=key.text[:80],
                kind="service",
                node=node,
                is_initial=key.text in ending,
                is_partial=is_partial,
            )


def _extended(services: Node, node: Node, depth: int = 0) -> tuple[Node, bool]:
    """A service with what it extends, and whether some of that stands in another file."""
    extends = node.get("extends")
    if extends is None:
        return node, False
    named = extends.get("service") if extends.is_mapping else extends
    base = services.get(named.text) if named is not None else None
    if extends.get("file") is not None or base is None or depth > _MAX_EXTENDS:
        return node, True
    whole, is_partial = _extended(services, base, depth + 1)
    return node.on(whole), is_partial


def _items(node: Node | None) -> Iterator[tuple[Node, Node]]:
    return node.items() if node is not None else iter(())


def _containers(file: str, document: Node) -> Iterator[Workload]:
    kind = document.get("kind")
    if kind is None or document.get("apiVersion") is None:
        return
    if kind.text == "List":
        items = document.get("items")
        for item in items.elements() if items is not None else ():
            yield from _containers(file, item)
        return
    pod = document.get(*_PODS[kind.text]) if kind.text in _PODS else None
    if pod is None:
        return
    for field in ("initContainers", "containers"):
        listed = pod.get(field)
        for node in listed.elements() if listed is not None else ():
            name = node.get("name")
            restart = node.get("restartPolicy")
            yield Workload(
                platform=Platform.KUBERNETES,
                file=file,
                name=name.text[:80] if name is not None else kind.text,
                kind=kind.text,
                node=node,
                pod=pod,
                # A sidecar is an initial container that never ends.
                is_initial=field == "initContainers"
                and (restart is None or restart.text != "Always"),
                is_partial=node.get("image") is None,
            )
