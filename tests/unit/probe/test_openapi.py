from typing import Any

import pytest

from jettison.probe.openapi import plan_operations


def operations(paths: dict[str, Any], **more: Any) -> tuple[str, ...]:
    return plan_operations({"openapi": "3.1.0", "paths": paths, **more})[0]


def parameter(name: str, place: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": True, **more}


def test_only_get_operations_in_order() -> None:
    assert operations({"/b": {"get": {}}, "/a": {"post": {}, "get": {}}, "/c": {"delete": {}}}) == (
        "/b",
        "/a",
    )


@pytest.mark.parametrize(
    ("given", "target"),
    [
        (parameter("id", "path", example="a/b"), "/x/a%2Fb"),
        (parameter("id", "path", schema={"default": 3}), "/x/3"),
        (parameter("id", "path", schema={"enum": ["red", "blue"]}), "/x/red"),
        (parameter("id", "path", schema={"$ref": "#/components/schemas/Id"}), "/x/9"),
        (parameter("id", "path", examples={"one": {"value": True}}), "/x/true"),
        (parameter("id", "path", type="string", default="swagger2"), "/x/swagger2"),
        (parameter("id", "path", schema={"type": "integer"}), "/x/1"),
        (parameter("id", "path", schema={"type": "integer", "minimum": 5}), "/x/5"),
        (parameter("id", "path", schema={"type": "string", "format": "date"}), "/x/2000-01-01"),
        (parameter("id", "path", schema={"type": "string"}), "/x/a"),
    ],
)
def test_required_parameters_by_example(given: dict[str, Any], target: str) -> None:
    components = {"schemas": {"Id": {"example": 9}}}
    assert operations({"/x/{id}": {"get": {"parameters": [given]}}}, components=components) == (
        target,
    )


def test_without_a_known_value_it_is_left_out_and_said() -> None:
    document = {
        "paths": {
            "/x/{id}": {
                "get": {
                    "parameters": [
                        parameter("id", "path", schema={"type": "string", "pattern": "^x"})
                    ]
                }
            },
            "/h": {"get": {"parameters": [parameter("X-Key", "header", example="k")]}},
            "/undeclared/{id}": {"get": {}},
            "/optional": {"get": {"parameters": [{"name": "q", "in": "query"}]}},
            "/query": {"get": {"parameters": [parameter("q", "query", example="a b")]}},
        }
    }
    targets, skipped = plan_operations(document)
    assert targets == ("/optional", "/query?q=a+b")
    assert [item.item for item in skipped] == [
        "GET /x/{id}",
        "GET /h",
        "GET /undeclared/{id}",
    ]


@pytest.mark.parametrize(
    ("more", "target"),
    [
        ({"servers": [{"url": "/api/v1"}]}, "/api/v1/a"),
        ({"servers": [{"url": "https://example.com/v1"}]}, "/a"),
        ({"basePath": "/v2/"}, "/v2/a"),
        ({"servers": [{"url": "/{tenant}"}]}, "/a"),
    ],
)
def test_prefix(more: dict[str, Any], target: str) -> None:
    assert operations({"/a": {"get": {}}}, **more) == (target,)


@pytest.mark.parametrize(
    "paths", [None, [], {"/a": None}, {"/a": {"get": []}}, {"a": {"get": {}}}, {"/a": {"get": 1}}]
)
def test_documents_that_are_none(paths: Any) -> None:
    assert plan_operations({"openapi": "3", "paths": paths}) == ((), ())


def test_operations_are_bounded() -> None:
    targets, skipped = plan_operations({"paths": {f"/{n}": {"get": {}} for n in range(130)}})
    assert len(targets) == 100
    assert len(skipped) == 30
