from __future__ import annotations

import os
from pathlib import Path

import pytest

from jettison.runtime import output as module
from jettison.runtime.output import Output


def test_everything_written_arrives_in_file_and_tail(tmp_path: Path) -> None:
    output = Output(tmp_path / "log")
    os.write(output.descriptor, b"one\n")
    os.write(output.descriptor, b"two\n")
    output.drain()
    assert output.tail() == b"one\ntwo\n"
    assert output.tail(4) == b"two\n"
    assert output.tail(0) == b""
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


def test_pipe_stays_open_with_whoever_has_it(tmp_path: Path) -> None:
    output = Output(tmp_path / "log")
    copy = os.dup(output.descriptor)
    output.hand_over()
    output.drain(0.01)
    os.write(copy, b"late")
    os.close(copy)
    output.drain()
    assert output.tail() == b"late"


def test_a_flood_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_FILE_BYTES", 1 << 20)
    monkeypatch.setattr(module, "_KEPT_TAIL_BYTES", 1 << 18)
    output = Output(tmp_path / "log")
    block = bytes(1 << 16)
    for _ in range(64):
        os.write(output.descriptor, block)
    os.write(output.descriptor, b"the end")
    output.drain()
    assert output.tail(100 << 20)[-7:] == b"the end"
    assert len(output.tail(100 << 20)) == 1 << 18
    assert (tmp_path / "log").stat().st_size <= (1 << 20) + len(block)
