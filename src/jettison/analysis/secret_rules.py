"""The table of secrets that are told by their form, each with the check that its issuer allows.

The forms are those that the issuers publish for such scanners. Searching text for them is the work
of `secrets`.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_BASE62: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Bits a character: what a random string of the alphabet in use seldom falls below.
_RANDOM_BITS: Final = 3.0
_RANDOM_HEX_BITS: Final = 2.7

_PLACEHOLDER: Final = re.compile(
    rb"(?i)example|sample|dummy|placeholder|changeme|change[-_ ]me|your[-_ ]|redacted|insert[-_ ]"
    rb"|replace|(?:^|[-_])fake|test(?:ing|s|only|[-_]|$)|xxxx|\*\*\*|\.\.\.|1234567|abcdef|00000000|deadbeef"
    rb"|not[-_ ]?(?:a[-_ ]?)?(?:real[-_ ]?)?secret"
)
# What a program puts something else in the place of: `{name}`, `%s`, `%(name)s`.
_FORMATTED: Final = re.compile(rb"\{[A-Za-z_][\w.()\[\]'\"]*\}|%s|%\(\w+\)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRule:
    """One kind of secret.

    Shape: `pattern` has the secret in its group `value`; `anchor` is a regular expression, without
    look-around, that matches wherever `pattern` does, for the search of many at once; `check` tells
    a secret from what only looks like one; `shown` is how much of the value says nothing, such as
    `ghp_`.
    Units: a match begins at most `before_bytes` before, and ends at most `after_bytes` behind, the
    end of its anchor.
    """

    id: str
    title: str
    anchor: bytes
    pattern: re.Pattern[bytes]
    check: Callable[[bytes], bool]
    shown: int = 0
    before_bytes: int = 320
    after_bytes: int = 700


def entropy_bits(value: bytes) -> float:
    """Shannon's entropy of a string.

    Units: bits a character.
    """
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in Counter(value).values())


def is_placeholder(value: bytes) -> bool:
    """Whether it says itself that it is none: `changeme`, `<your key>`, `${KEY}`, `xxxxxxxx`."""
    return (
        _PLACEHOLDER.search(value) is not None
        or len(set(value)) < 5
        or value[:1] in b"$<{[%("
        or b"${" in value
        or b"{{" in value
        or _FORMATTED.search(value) is not None
    )


def is_random(value: bytes) -> bool:
    """Whether it looks drawn at random, as issuers draw them."""
    is_hex = re.fullmatch(rb"[0-9a-fA-F-]+", value) is not None
    least = _RANDOM_HEX_BITS if is_hex else _RANDOM_BITS
    return not is_placeholder(value) and entropy_bits(value) >= least


def has_github_checksum(token: bytes) -> bool:
    """Whether the last six characters are the CRC-32 of those between prefix and them.

    Source: GitHub, "Behind GitHub's new authentication token formats": Base62, padded with zeros.
    """
    body, checksum = token[token.index(b"_") + 1 : -6], token[-6:]
    value = zlib.crc32(body)
    digits = bytearray()
    while value:
        value, digit = divmod(value, 62)
        digits.append(_BASE62[digit])
    return bytes(reversed(digits)).rjust(6, b"0") == checksum


def _is_jwt(token: bytes) -> bool:
    """A header that names a signature, and claims."""
    try:
        parts = [json.loads(_unbase64(part)) for part in token.split(b".")[:2]]
    except ValueError:
        return False
    header, claims = parts
    if not (isinstance(header, dict) and isinstance(claims, dict)):
        return False
    # The one that jwt.io shows, and that every test and page of documentation repeats.
    is_known = claims.get("name") == "John Doe" or claims.get("sub") == "1234567890"
    return str(header.get("alg", "none")) != "none" and not is_known


def _is_registry_login(value: bytes) -> bool:
    """`user:password` in Base64, as Docker's config.json keeps it."""
    try:
        user, separator, password = base64.b64decode(value, validate=True).partition(b":")
        decoded = (user + password).decode("ascii")
    except ValueError:
        return False
    return bool(user and separator and len(password) > 3) and decoded.isprintable()


def _is_url_password(value: bytes) -> bool:
    return len(value) >= 6 and not is_placeholder(value) and value.lower() not in _WEAK_PASSWORDS


def _is_key_body(value: bytes) -> bool:
    """Base64 of at least the shortest key there is, an Ed25519 one."""
    body = re.sub(rb"[^A-Za-z0-9+/=]", b"", re.sub(rb"(?m)^[\w-]+: .*$|\\[nr]", b"", value))
    try:
        decoded = base64.b64decode(body[: len(body) // 4 * 4])
    except (ValueError, binascii.Error):
        return False
    return len(decoded) >= 44 and len(set(decoded)) >= 20


def _unbase64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


_WEAK_PASSWORDS: Final = frozenset(
    {
        *(b"password", b"passwd", b"secret", b"postgres", b"passw0rd", b"pass123", b"foobar"),
        *(b"mypassword", b"hunter2", b"letmein", b"qwerty", b"admin123", b"rabbitmq", b"mysecret"),
        *(b"my_password", b"my-password", b"user_pass", b"userpass", b"pass_word", b"swordfish"),
    }
)
_EDGE: Final = rb"(?<![A-Za-z0-9_/+.-])"
_END: Final = rb"(?![A-Za-z0-9_-])"


def _token(
    name: str,
    title: str,
    form: bytes,
    check: Callable[[bytes], bool] = is_random,
    *,
    anchor: bytes = b"",
) -> SecretRule:
    """A rule for a token that is told by its own form; without `anchor` the form is searched."""
    return SecretRule(
        id=name,
        title=title,
        anchor=anchor or form,
        pattern=re.compile(_EDGE + rb"(?P<value>" + form + rb")" + _END),
        check=check,
        shown=4,
    )


PRIVATE_KEY: Final = SecretRule(
    id="private-key",
    title="private key",
    anchor=rb"PRIVATE KEY(?: BLOCK)?-----",
    pattern=re.compile(
        rb"-----BEGIN (?:[A-Z0-9]{2,9} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?P<value>[^-]{44,16384})"
        rb"-----END "
    ),
    check=_is_key_body,
    after_bytes=17_000,
)

# Forms so certain that they are looked for in the files of packages too.
TOKENS: Final = (
    PRIVATE_KEY,
    _token("aws-access-key", "AWS access key id", rb"A(?:KI|SI)A[A-Z2-7]{16}"),
    SecretRule(
        id="aws-secret-key",
        title="AWS secret access key",
        anchor=rb"(?i)aws[\w-]{0,10}secret",
        pattern=re.compile(
            rb"(?i)aws[\w-]{0,10}secret[\w-]{0,20}[\"']?\s{0,4}[=:]>?\s{0,4}[\"']?"
            rb"(?P<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
        ),
        check=lambda value: entropy_bits(value) > 4 and is_random(value),
    ),
    _token("github-token", "GitHub token", rb"gh[opusr]_[A-Za-z0-9]{36}", has_github_checksum),
    _token(
        "github-pat", "GitHub fine-grained token", rb"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"
    ),
    _token(
        "gitlab-token",
        "GitLab token",
        rb"gl(?:pat|dt|rt|cbt|ptt|ft)-[\w-]{20,300}(?:\.[0-9a-z.]{9,20})?",
        anchor=rb"gl(?:pat|dt|rt|cbt|ptt|ft)-",
    ),
    _token("npm-token", "npm token", rb"npm_[A-Za-z0-9]{36}"),
    _token(
        "pypi-token",
        "PyPI token",
        # A macaroon of version 2 in Base64; its first field names the index, or the one for tests.
        rb"pypi-AgE(?:IcHlwaS5vcm|NdGVzdC5weXBpLm9yZ)[\w-]{40,400}",
        anchor=rb"pypi-AgE",
    ),
    _token(
        "docker-pat",
        "Docker Hub token",
        rb"dckr_[po]at_[\w-]{27,32}",
        anchor=rb"dckr_[po]at_",
    ),
    _token(
        "slack-token",
        "Slack token",
        rb"xox[abeoprs]-(?:[0-9]{9,14}-){1,3}[0-9A-Za-z-]{20,200}",
        anchor=rb"xox[abeoprs]-[0-9]",
    ),
    _token(
        "slack-app-token",
        "Slack app token",
        rb"xapp-1-A[A-Z0-9]{8,12}-[0-9]{9,14}-[0-9a-f]{64}",
        anchor=rb"xapp-1-A",
    ),
    SecretRule(
        id="slack-webhook",
        title="Slack webhook",
        anchor=rb"hooks\.slack\.com/services/T",
        pattern=re.compile(
            rb"hooks\.slack\.com/services/(?P<value>T[A-Z0-9]{7,11}/B[A-Z0-9]{7,11}/[A-Za-z0-9]{24})"
        ),
        check=is_random,
    ),
    SecretRule(
        id="discord-webhook",
        title="Discord webhook",
        anchor=rb"discord(?:app)?\.com/api/webhooks/",
        pattern=re.compile(
            rb"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/(?P<value>[\w-]{60,72})"
        ),
        check=is_random,
    ),
    _token(
        "stripe-key",
        "Stripe live key",
        rb"[rs]k_live_[A-Za-z0-9]{24,120}",
        anchor=rb"[rs]k_live_",
    ),
    _token("google-api-key", "Google API key", rb"AIza[\w-]{35}", anchor=rb"AIza"),
    _token(
        "google-client-secret",
        "Google OAuth client secret",
        rb"GOCSPX-[\w-]{28}",
        anchor=rb"GOCSPX-",
    ),
    _token("sendgrid-key", "SendGrid key", rb"SG\.[\w-]{22}\.[\w-]{43}"),
    _token(
        "openai-key",
        "OpenAI key",
        rb"sk-[\w-]{20,100}T3BlbkFJ[\w-]{20,100}",
        anchor=rb"T3BlbkFJ",
    ),
    _token(
        "anthropic-key",
        "Anthropic key",
        rb"sk-ant-[a-z]{3,8}\d\d-[\w-]{80,120}",
        anchor=rb"sk-ant-[a-z]{3,8}\d\d-",
    ),
    _token("hugging-face-token", "Hugging Face token", rb"hf_[A-Za-z]{34}"),
    _token("digitalocean-token", "DigitalOcean token", rb"do[opr]_v1_[a-f0-9]{64}"),
    _token("databricks-token", "Databricks token", rb"dapi[a-f0-9]{32}"),
    _token("vault-token", "Vault token", rb"hv[sbr]\.[\w-]{24,300}", anchor=rb"hv[sbr]\.[\w-]{24}"),
    _token("shopify-token", "Shopify token", rb"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    _token(
        "telegram-token",
        "Telegram bot token",
        rb"[0-9]{8,10}:AA[\w-]{33}",
        anchor=rb"[0-9]:AA[\w-]{33}",
    ),
    _token("age-key", "age secret key", rb"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    SecretRule(
        id="azure-storage-key",
        title="Azure storage key",
        anchor=rb"AccountKey=",
        # The emulator's key is the same on every machine and begins like this.
        pattern=re.compile(rb"AccountKey=(?P<value>(?!Eby8vdM02x)[A-Za-z0-9+/]{86}==)"),
        check=is_random,
    ),
)

# Forms that documentation and tests of packages are full of.
LOOSE: Final = (
    SecretRule(
        id="jwt",
        title="signed JSON web token",
        anchor=rb"eyJ[\w-]{10,}\.eyJ",
        pattern=re.compile(
            _EDGE + rb"(?P<value>eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{20,1000})" + _END
        ),
        check=_is_jwt,
        before_bytes=2100,
        after_bytes=5100,
    ),
    SecretRule(
        id="url-password",
        title="password in a URL",
        anchor=rb"[a-z]://[^\s/:@\"'<>]*:[^\s/@\"'<>]+@",
        pattern=re.compile(
            rb"\b[a-z][a-z0-9+.-]{1,30}://(?P<user>[^\s/:@\"'`<>{}()\\]{0,64}):"
            rb"(?P<value>[^\s/:@\"'`<>{}()\\,]{1,200})@(?!example\.|host\b|hostname\b)[\w\[]"
        ),
        check=_is_url_password,
    ),
    SecretRule(
        id="registry-login",
        title="registry login",
        anchor=rb"\"auth\"\s*:\s*\"",
        pattern=re.compile(rb"\"auth\"\s{0,8}:\s{0,8}\"(?P<value>[A-Za-z0-9+/]{8,4000}={0,2})\""),
        check=_is_registry_login,
        after_bytes=4100,
    ),
    SecretRule(
        id="netrc",
        title="login in a netrc file",
        anchor=rb"machine\s+\S+\s+login\s",
        pattern=re.compile(
            rb"machine\s{1,8}\S{1,256}\s{1,8}login\s{1,8}\S{1,256}\s{1,8}password\s{1,8}"
            rb"(?P<value>\S{4,256})"
        ),
        check=_is_url_password,
    ),
)
