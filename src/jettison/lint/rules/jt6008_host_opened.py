"""JT6008: a container that the host is open to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.manifests import Platform, Workload
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.yamlnodes import Node

_SOCKETS: Final = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd", "/run/podman")
_POD: Final = ("hostNetwork", "hostPID", "hostIPC")
_SERVICE: Final = {"network_mode": "host", "pid": "host", "ipc": "host", "userns_mode": "host"}


def check(workload: Workload) -> Iterator[Problem]:
    """Privileged, in the host's namespaces, or with an engine's socket or the host's root."""
    if workload.platform is Platform.COMPOSE:
        yield from _of_service(workload)
        return
    privileged = workload.node.get("securityContext", "privileged")
    if privileged is not None and privileged.is_true:
        yield workload.problem("privileged: it is root on the node", privileged)
    pod = workload.pod
    if pod is None:
        return
    for name in _POD:
        found = pod.get(name)
        if found is not None and found.is_true:
            yield workload.problem(f"{name} puts it into the node's namespace", found)
    volumes = pod.get("volumes")
    for volume in volumes.elements() if volumes is not None else ():
        path = volume.get("hostPath", "path")
        if path is not None:
            yield from _of_path(workload, path, path.text)


def _of_service(workload: Workload) -> Iterator[Problem]:
    privileged = workload.node.get("privileged")
    if privileged is not None and privileged.is_true:
        yield workload.problem("privileged: it is root on the host", privileged)
    for name, value in _SERVICE.items():
        found = workload.node.get(name)
        if found is not None and found.text == value:
            yield workload.problem(f"{name} {value} puts it into the host's namespace", found)
    volumes = workload.node.get("volumes")
    for volume in volumes.elements() if volumes is not None else ():
        source = volume.get("source")
        text = source.text if source is not None else volume.text.partition(":")[0]
        yield from _of_path(workload, volume, text)


def _of_path(workload: Workload, node: Node, path: str) -> Iterator[Problem]:
    if path.startswith(_SOCKETS):
        yield workload.problem(f"{path} is the engine itself: who has it is root", node)
    elif path in ("/", "/etc", "/root", "/proc", "/sys", "/dev"):
        yield workload.problem(f"the host's {path} is mounted", node)


RULE: Final = Rule(
    code="JT6008",
    title="The host is open to the container",
    remedy="take it out; what it needs can be had by less",
    severity=Severity.ERROR,
    check_workload=check,
)
