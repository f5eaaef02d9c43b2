from __future__ import annotations

import pytest

from jettison.errors import UsageError
from jettison.paths import printable
from jettison.report.container_report import ImageName
from jettison.report.documents import decode, encode

DIGEST = "sha256:" + "a" * 64


def test_fields_stand_in_their_order_and_end_with_a_line_break() -> None:
    raw = encode(ImageName(reference="app", digest=DIGEST))
    assert raw == b'{"reference":"app","digest":"%s"}\n' % DIGEST.encode()
    assert encode(ImageName(reference="a", digest=DIGEST), indent=2).startswith(b'{\n  "ref')


def test_names_that_are_not_utf8_are_escaped() -> None:
    raw = encode(ImageName(reference="caf\udce9/ü", digest=DIGEST))
    assert decode(raw, ImageName, what="x").reference == "caf\\xe9/ü" == printable("caf\udce9/ü")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[",
        b"[]",
        b"{}",
        b'{"reference": 1, "digest": "sha256:1"}',
        b'{"reference":"a","digest":"md5:1"}',
        b'{"reference":"a","digest":"%s","new":1}' % DIGEST.encode(),
        b"\xff\xfe",
        b"[" * 100000,
    ],
)
def test_anything_else_is_refused_with_its_name(raw: bytes) -> None:
    with pytest.raises(UsageError, match=r"creport.json: not a report"):
        decode(raw, ImageName, what="creport.json")
