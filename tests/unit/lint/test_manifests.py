from __future__ import annotations

import pytest

from jettison.lint.manifests import Platform, find_workloads, is_compose
from jettison.lint.model import Severity
from jettison.lint.yamlnodes import YamlError, read_documents
from support.linting import lint

LIST = """\
apiVersion: v1
kind: List
items:
  - apiVersion: batch/v1
    kind: CronJob
    spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: b}]}}}}}
  - apiVersion: apps/v1
    kind: Deployment
    spec:
      template:
        spec:
          initContainers:
            - {name: first, image: b}
            - {name: beside, image: b, restartPolicy: Always}
          containers:
            - name: web
              image: b
---
kind: ConfigMap
apiVersion: v1
data: {}
"""


def test_containers_are_found_wherever_they_stand() -> None:
    found = [(item.name, item.is_one_off) for item in find_workloads("x.yaml", LIST)]
    assert found == [("a", True), ("first", True), ("beside", False), ("web", False)]


def test_services_are_found_by_the_file_s_name() -> None:
    text = "services:\n  a: {image: b}\n  c: {environment: {X: y}}\n"
    found = list(find_workloads("deploy/docker-compose.prod.yml", text))
    assert [(item.name, item.platform) for item in found] == [("a", Platform.COMPOSE)]
    assert list(find_workloads("services.yaml", text)) == []
    assert is_compose("compose.yaml")
    assert not is_compose("decompose.yaml")


def test_merge_keys_and_anchors_count() -> None:
    text = (
        "x-safe: &safe\n  read_only: true\n  cap_drop: [ALL]\n"
        "services:\n  a:\n    <<: *safe\n    image: b:1\n"
    )
    found = {item.rule for item in lint({"compose.yaml": text})}
    assert found & {"JT6002", "JT6004"} == set()
    assert "JT6003" in found


def test_a_service_that_ends_before_the_others_is_a_remark() -> None:
    text = (
        "services:\n  first: {image: 'b:1', user: root}\n"
        "  app:\n    image: b:1\n    user: root\n"
        "    depends_on: {first: {condition: service_completed_successfully}}\n"
    )
    found = [item for item in lint({"compose.yaml": text}) if item.rule == "JT6001"]
    assert [(item.place.line, item.severity) for item in found] == [
        *((2, Severity.INFO), (5, Severity.WARNING)),
    ]


def test_places_are_those_of_the_fields() -> None:
    text = "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: true\n  containers:\n  - name: a\n"
    (found,) = [item for item in lint({"x.yaml": text}) if item.rule == "JT6008"]
    assert (found.place.line, found.place.column) == (4, 12)


def test_what_is_no_yaml_is_named_by_line() -> None:
    with pytest.raises(YamlError) as caught:
        read_documents("a: 1\nb: [\n")
    assert caught.value.line == 3
    with pytest.raises(YamlError, match="too long"):
        read_documents("#" * (1 << 20) + "\na: 1")


def test_a_mapping_that_merges_itself_ends() -> None:
    (document,) = read_documents("a: &a\n  <<: [*a, {<<: *a}]\n  b: 1\n")
    node = document.get("a", "b")
    assert node is not None
    assert node.text == "1"
    assert list(find_workloads("x.yaml", "- 1\n---\nnull\n---\nkind: 3\napiVersion: x\n")) == []
