"""Secrets that look real and open nothing, put together here so that no scanner finds them."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def random_text(seed: str, length: int, alphabet: str = _ALPHABET) -> str:
    """Text that looks drawn at random, the same for the same seed."""
    found = ""
    while len(found) < length:
        digest = hashlib.sha512(f"{seed} {len(found)}".encode()).digest()
        found += "".join(alphabet[byte % len(alphabet)] for byte in digest)
    return found[:length]


def github_token(seed: str = "a") -> str:
    """A token with the checksum that GitHub's have."""
    body = random_text(seed, 30)
    value, checksum = zlib.crc32(body.encode()), ""
    for _ in range(6):
        value, digit = divmod(value, 62)
        checksum = _ALPHABET[digit] + checksum
    return "gh" + "p_" + body + checksum


def private_key(seed: str = "a", kind: str = "") -> str:
    """PEM of the right form around bytes that are no key."""
    body = base64.b64encode(hashlib.sha512(seed.encode()).digest() * 4).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    label = f"{kind} PRIVATE KEY".strip()
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def django_key(seed: str = "a") -> str:
    """What `startproject` writes."""
    return random_text(seed, 50, "abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)")
