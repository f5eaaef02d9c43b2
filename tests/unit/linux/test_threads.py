from __future__ import annotations

import threading

import pytest

from jettison.linux.threads import run_in_thread


def test_value_and_error_come_back_from_another_thread() -> None:
    before = threading.active_count()
    assert run_in_thread(threading.get_ident) != threading.get_ident()
    assert threading.active_count() == before
    with pytest.raises(ZeroDivisionError):
        run_in_thread(lambda: 1 // 0)
