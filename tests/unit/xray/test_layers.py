from __future__ import annotations

from jettison.image import History
from jettison.xray.changes import stack
from jettison.xray.layers import Objects, history_fault, layer_history, summarize_layer
from support.layers import Directory, HardLink
from support.trees import make_config
from support.xray import layer_tree


def test_a_layer_in_numbers() -> None:
    layers = [
        layer_tree({"/d": Directory(), "/d/a": b"12", "/d/b": b"345"}),
        layer_tree({"/d/a": b"1", "/c": b"6789", "/l": HardLink(target="/c"), "/d/.wh.b": b""}),
    ]
    summary = summarize_layer(list(stack(layers))[1], largest=1)
    assert summary.size_bytes == 5
    assert summary.added == Objects(count=2, size_bytes=4)
    assert summary.modified == Objects(count=1, size_bytes=1)
    assert summary.deleted == Objects(count=1, size_bytes=3)
    assert [entry.path for entry in summary.largest] == ["/c"]


def test_layers_are_the_instructions_that_left_something() -> None:
    told = [History(created_by="ADD"), History(created_by="ENV", empty_layer=True), History()]
    config = make_config(layers=2, history=told)
    assert layer_history(config) == (told[0], told[2])
    assert history_fault(config) == ""


def test_a_history_that_does_not_fit_is_not_used_and_said_so() -> None:
    config = make_config(layers=2, history=[History(created_by="ADD")])
    assert layer_history(config) == (None, None)
    assert history_fault(config) == (
        "the history tells of 1 layers and the image has 2: it is not used"
    )
    assert "no history" in history_fault(make_config(layers=2))
