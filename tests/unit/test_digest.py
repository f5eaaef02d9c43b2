import io

import pytest

from jettison.digest import Digest
from jettison.errors import InvalidImageError

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_digest_of_bytes_and_stream_agree() -> None:
    assert Digest.of(b"") == EMPTY
    assert Digest.of_stream(io.BytesIO(b"x" * 3_000_000)) == Digest.of(b"x" * 3_000_000)
    parsed = Digest.parse(EMPTY)
    assert (parsed.algorithm, len(parsed.hex)) == ("sha256", 64)


@pytest.mark.parametrize("text", ["", "sha256:", EMPTY[:-1], EMPTY + "0", "md5:00", EMPTY.upper()])
def test_parse_refuses_what_is_no_digest(text: str) -> None:
    with pytest.raises(InvalidImageError, match="digest"):
        Digest.parse(text)
