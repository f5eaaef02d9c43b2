"""Content digests as OCI writes them: `algorithm:hex`."""

import hashlib
import re
from typing import BinaryIO, Final, Self

from jettison.errors import InvalidImageError

_HEX_LENGTH: Final = {"sha256": 64, "sha512": 128}
_FORM: Final = re.compile(r"([a-z0-9]+):([0-9a-f]+)")
_CHUNK: Final = 1 << 20


class Digest(str):
    """A checked digest, such as `sha256:` and 64 lower-case hex digits; sorts and hashes as str.

    Source: OCI image-spec 1.1, "Digests".
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check algorithm and length.

        Raises: InvalidImageError for anything that is not a known digest.
        """
        match = _FORM.fullmatch(text)
        if match is None or _HEX_LENGTH.get(match[1]) != len(match[2]):
            raise InvalidImageError(
                f"digest {text[:100]!r} is neither sha256:<64 hex> nor sha512:<128 hex>"
            )
        return cls(text)

    @classmethod
    def of(cls, data: bytes, *, algorithm: str = "sha256") -> Self:
        """The digest of `data`."""
        return cls(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")

    @classmethod
    def of_stream(cls, stream: BinaryIO, *, algorithm: str = "sha256") -> Self:
        """The digest of what is left in `stream`, read in chunks of 1 MiB."""
        state = hashlib.new(algorithm)
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
        return cls(f"{algorithm}:{state.hexdigest()}")

    @property
    def algorithm(self) -> str:
        """Such as `sha256`."""
        return self.partition(":")[0]

    @property
    def hex(self) -> str:
        """The digits behind the colon."""
        return self.partition(":")[2]
