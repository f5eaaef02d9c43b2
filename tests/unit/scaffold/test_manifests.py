"""The manifests that init writes, held against Kubernetes' own schemas."""

from __future__ import annotations

from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

EXAMPLES = Path(__file__).parents[3] / "examples"

VERSIONS = ("1.34", "1.37")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["flask-api", "django-app", "fastapi-app", "worker"])
def test_manifests_are_what_kubernetes_takes(name: str, version: str) -> None:
    documents = list(yaml.safe_load_all((EXAMPLES / name / "deploy/kubernetes.yaml").read_text()))
    assert documents[0]["kind"] == "Deployment"
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)
    documents[0]["spec"]["template"]["spec"]["containers"][0]["readOnlyRoot"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(documents[0], version, strict=True)
