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


def test_what_stands_in_a_mapping_itself_counts_before_what_it_merges() -> None:
    text = (
        "x-safe: &safe\n  read_only: true\n  cap_drop: [ALL]\n"
        "services:\n  a:\n    <<: *safe\n    image: b:1\n    read_only: false\n"
    )
    (found,) = [item for item in lint({"compose.yaml": text}) if item.rule == "JT6002"]
    assert (found.place.line, found.message) == (8, "a: read_only is off")
    assert "JT6004" not in {item.rule for item in lint({"compose.yaml": text})}


def test_a_service_has_what_it_extends() -> None:
    base = (
        "services:\n  base:\n    image: b:1\n    read_only: true\n    user: '999'\n"
        "    cap_drop: [ALL]\n    security_opt: ['no-new-privileges:true']\n    mem_limit: 1g\n"
    )
    for extends in ("base", "{service: base}"):
        text = f"{base}  web:\n    extends: {extends}\n    ports: ['80']\n"
        assert {item.rule for item in lint({"compose.yaml": text})} == {"JT6007"}
    loose = f"{base}  web:\n    extends: base\n    privileged: true\n    read_only: false\n"
    found = {item.rule for item in lint({"compose.yaml": loose})}
    assert found == {"JT6002", "JT6007", "JT6008"}


@pytest.mark.parametrize(
    "text",
    [
        # A service of another file, and a service that extends itself.
        "services:\n  web: {extends: {file: x.yml, service: base}, privileged: true}\n",
        "services:\n  web: {extends: web, privileged: true}\n",
    ],
)
def test_what_stands_in_another_file_is_not_called_missing(text: str) -> None:
    assert {item.rule for item in lint({"compose.yaml": text})} == {"JT6008"}


def test_a_patch_of_a_container_is_not_the_whole_of_it() -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n"
        "    securityContext: {privileged: true}\n"
    )
    assert {item.rule for item in lint({"patch.yaml": pod})} == {"JT6008"}
    assert "JT6002" in {item.rule for item in lint({"pod.yaml": f"{pod}    image: b:1\n"})}


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
