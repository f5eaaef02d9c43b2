from __future__ import annotations

from jettison.scan.chains import find_chains


def chains(needs: dict[str, str], roots: str | None = None) -> dict[str, list[str]]:
    graph = {name: text.split() for name, text in needs.items()}
    found = find_chains(graph, None if roots is None else roots.split())
    return {name: [" ".join(chain) for chain in items] for name, items in found.items()}


def test_the_shortest_chain_from_each_root() -> None:
    graph = {"app": "flask celery", "flask": "jinja", "celery": "kombu", "kombu": "vine",
             "jinja": "", "vine": ""}  # fmt: skip
    assert chains(graph, "flask celery") == {
        "app": [],
        "flask": ["flask"],
        "jinja": ["flask jinja"],
        "celery": ["celery"],
        "kombu": ["celery kombu"],
        "vine": ["celery kombu vine"],
    }


def test_a_root_may_be_needed_by_another_too() -> None:
    assert chains({"a": "b", "b": ""}, "a b")["b"] == ["b", "a b"]


def test_roots_are_what_nothing_needs_where_nobody_says() -> None:
    assert chains({"a": "b", "b": "", "c": "b"})["b"] == ["a b", "c b"]


def test_circles_end_and_are_reached() -> None:
    assert chains({"a": "b", "b": "a", "c": "c"}) == {"a": ["a"], "b": ["a b"], "c": ["c"]}


def test_names_out_of_reach_and_unknown_names_have_no_chain() -> None:
    assert chains({"a": "ghost", "b": ""}, "a ghost") == {"a": ["a"], "b": []}


def test_there_is_a_bound() -> None:
    graph = {f"r{number}": "x" for number in range(30)} | {"x": ""}
    assert len(chains(graph)["x"]) == 10
