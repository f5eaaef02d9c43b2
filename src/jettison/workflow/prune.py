"""`jettison prune`: make room in the store of unpacked layers."""

from __future__ import annotations

from pathlib import Path

from jettison.events import Silent
from jettison.linux.abilities import detect
from jettison.linux.isolation import run_isolated
from jettison.linux.workdir import work_directory
from jettison.store.layers import LayerStore


def prune(store: Path, *, max_bytes: int) -> int:
    """Remove the layers unused for longest until the rest fit; return the bytes freed.

    In isolation, because an ordinary user's layers have owners that only his id mapping can touch.
    """
    with work_directory() as workdir:
        return run_isolated(
            lambda _events: LayerStore(store, in_user_namespace=detect().in_user_namespace).prune(
                max_bytes=max_bytes
            ),
            events=Silent(),
            workdir=workdir,
        )
