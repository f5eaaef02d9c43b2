from __future__ import annotations

import pytest

from jettison.analysis.base_layers import find_last_base_layer
from jettison.image import History
from support.trees import make_config, make_rootfs

_RELEASE = {"/etc/os-release": b"ID=debian\n"}


def _history(*lines: str) -> list[History]:
    """A line in brackets changes only the config."""
    return [
        History(created_by=line.strip("[]"), empty_layer=line.startswith("[")) for line in lines
    ]


@pytest.mark.parametrize(
    ("history", "last"),
    [
        # A base's own CMD stands before the author's layers, whose CMD comes last.
        (["ADD rootfs", "[CMD bash]", "RUN python", "[CMD python3]", "COPY . .", "[CMD app]"], 1),
        # The author set no CMD.
        (["ADD rootfs", "[CMD bash]", "RUN python", "[CMD python3]", "COPY . ."], 1),
        (
            ["ADD rootfs", '[/bin/sh -c #(nop)  CMD ["bash"]]', "COPY . ."],
            0,
        ),
        # ENTRYPOINT and CMD together are one group.
        (["ADD rootfs", "[CMD bash]", "COPY . .", "[ENTRYPOINT x]", "[CMD y]"], 0),
        (["ADD rootfs", "COPY a", "COPY b"], 0),
    ],
)
def test_history_tells_where_the_base_ends(history: list[str], last: int) -> None:
    layers = sum(not line.startswith("[") for line in history)
    rootfs = make_rootfs(_RELEASE, *({f"/{number}": b""} for number in range(1, layers)))
    config = make_config(layers=layers, history=_history(*history))
    assert find_last_base_layer(rootfs.tree, config) == last


def test_python_and_the_distribution_belong_to_the_base() -> None:
    layers = [_RELEASE, {"/usr/local/lib/python3.12/os.py": b""}, {"/app/a.py": b""}]
    assert find_last_base_layer(make_rootfs(*layers).tree, make_config(layers=3)) == 1
    no_source = [_RELEASE, {"/usr/lib/python3.12/os.pyc": b""}, {"/app/os.py": b""}]
    assert find_last_base_layer(make_rootfs(*no_source).tree, make_config(layers=3)) == 1


def test_a_history_that_does_not_fit_says_nothing() -> None:
    rootfs = make_rootfs(_RELEASE, {"/a": b""}, {"/b": b""})
    config = make_config(layers=3, history=_history("ADD", "RUN", "[CMD]", "x", "y", "z", "[CMD]"))
    assert find_last_base_layer(rootfs.tree, config) == 0
