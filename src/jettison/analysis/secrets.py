"""Find secrets in text: by the form of their issuer, or by a telling name and a random value.

What matters most is what is not found: placeholders, names of variables, hashes. One pass of an
automaton over the bytes says where a rule may match; only there its full pattern is tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final

from jettison.analysis.secret_rules import (
    LOOSE,
    PRIVATE_KEY,
    TOKENS,
    SecretRule,
    entropy_bits,
    is_placeholder,
)

if TYPE_CHECKING:
    import hyperscan

MAX_MATCHES: Final = 20
"""More secrets than this are not listed of one file."""

# In one file each rule is tried at this many places; no honest text has more.
_MAX_ANCHORS: Final = 2000

_SECRET_WORD: Final = (
    rb"(?:secret|passw(?:or)?d|passphrase|api[_-]?key|token|credentials?"
    rb"|(?:private|access|encryption|fernet|signing|jwt|session|master)[_-]?key)"
)
_NAME: Final = (
    rb"(?<![A-Za-z0-9_.-])(?P<name>[A-Za-z0-9_.-]{0,40}" + _SECRET_WORD + rb"[A-Za-z0-9_-]{0,24})"
)
_QUOTED_VALUE: Final = rb"[bru]{0,2}(?P<quote>[\"'])(?P<value>[^\"'\s\\]{8,200})(?P=quote)"
# Between name and value: `=`, `:`, `: str =` or `=>`.
_QUOTED: Final = re.compile(
    rb"(?i)"
    + _NAME
    + rb"[\"']?\]?\s{0,4}(?:(?::\s{0,4}[\w\[\], .|]{1,30})?=>?|:)\s{0,8}"
    + _QUOTED_VALUE
)
# What `os.environ.get`, `getenv` and their kin fall back to.
_DEFAULT: Final = re.compile(
    rb"(?i)\(\s{0,20}[\"']"
    + _NAME
    + rb"[\"']\s{0,4},\s{0,20}(?:default\s{0,2}=\s{0,2})?"
    + _QUOTED_VALUE
)
_PLAIN: Final = re.compile(
    rb"(?im)(?:^|(?<=[\s;|]))(?:export\s{1,4})?(?<![#\w])"
    + _NAME
    + rb"\s{0,4}[=:]\s{0,4}(?P<quote>[\"']?)(?P<value>[^\"'\s\\;&|<>(){}]{8,200})(?P=quote)"
    + rb"(?=\s|;|$)"
)
_WORD_ANCHOR: Final = rb"(?i)" + _SECRET_WORD.replace(rb"(?:or)?d", b"") + rb"[\w-]{0,24}"
_QUOTED_ANCHOR: Final = _WORD_ANCHOR + rb"[\"'\]]{0,2}\s{0,4}[:=,][^\"']{0,60}[\"'][^\"'\s\\]{8}"
_PLAIN_ANCHOR: Final = _WORD_ANCHOR + rb"\s{0,4}[=:]\s{0,4}[\"']?[^\"'\s\\;&|<>(){}]{8}"
_ASSIGNMENT_BYTES: Final = (200, 300)
# The name of something about a secret: where it is, how long it lives, what it hashes to.
_ABOUT: Final = re.compile(
    rb"(?i)(?:hash|digest|sha\d*|md5|fingerprint|url|uri|endpoint|file|path|dir|header|field|param"
    rb"|type|expiry|expires?|expiration|ttl|age|length|len|size|prefix|suffix|name|cookie|id|regex"
    rb"|pattern|format|algorithm|method|class|backend|count|limit|min|max|label|title|help|hint|text"
    rb"|validators?|hashers?|salt|version|policy|scheme|ref|encoding|s)$"
    rb"|public|token_?urlsafe|csrf|tokeniz|secrets?_?manager"
    rb"|(?:next|page|continuation|request|client|idempotency|export|import)[_-]?token$"
)
_HASHED: Final = re.compile(rb"(?i)(?:\$[0-9a-z]{1,10}\$|pbkdf2_|sha\d|md5|bcrypt|argon2|\{\w+\})")
# Identifiers and names made of words, with a number here and there.
_WORDS: Final = re.compile(
    rb"_*[A-Za-z]+[0-9]{0,2}(?:[-_. :/*]+(?:[A-Za-z]+[0-9]{0,2}|[0-9]{1,3}))*[0-9]{0,4}\W?"
)
_LOCATION: Final = re.compile(
    rb"[./~]|[\w.+-]*://|arn:|[\w-]+(?:/[\w.-]+)+$|[\w-]+\.(?:[a-z_]+$|\w+\()|[a-z0-9-]+:[A-Z*]\w*"
)
_COMMON: Final = re.compile(
    rb"(?i)(?:passw(?:or)?d|secret|admin|root|demo|user|guest|default|dev|local|django|flask"
    rb"|postgres|mysql|redis|insecure)*[\W\d_]*"
)


class Scope(StrEnum):
    """How much is looked for.

    `TOKENS` for others' files: only forms that are certain. `CODE` adds logins, URLs and quoted
    values of telling names. `SETTINGS` adds values without quotes: `.env`, INI, shell, YAML.
    """

    TOKENS = "tokens"
    CODE = "code"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMatch:
    """A secret, and how it may be shown.

    Shape: `line` counts from 1; `shown` has nothing of the secret but what all of its kind have in
    common; `name` is what it is assigned to, empty for a token that is told by its form; `value`
    is for comparing alone.
    """

    rule: str
    title: str
    line: int
    shown: str
    name: str = ""
    value: bytes = field(repr=False)


@dataclass(slots=True)
class SecretScanner:
    """All rules, for one thread."""

    _scratch: hyperscan.Scratch | None = None

    def scan(self, data: bytes, scope: Scope) -> tuple[SecretMatch, ...]:
        """The secrets of a text, in order, at most MAX_MATCHES of them.

        Shape: a value that stands there several times is named once, by the first rule it matches.
        """
        found: dict[bytes, SecretMatch] = {}
        for index, spans in sorted(self._anchors(data, scope).items()):
            for span in spans:
                for match in self._matches(index, data, span):
                    found.setdefault(match.value, match)
                if len(found) > MAX_MATCHES:
                    break
        ordered = sorted(found.values(), key=lambda match: (match.line, match.rule, match.value))
        return tuple(ordered[:MAX_MATCHES])

    def mask(self, text: str) -> str:
        """The text with `***` in the place of each secret: for histories and commands."""
        raw = text.encode("utf-8", "surrogateescape")
        found = self.scan(raw, Scope.SETTINGS)
        # The longest first, since one may be a part of another.
        for value in sorted((match.value for match in found), key=len, reverse=True):
            raw = raw.replace(value, b"***")
        return raw.decode("utf-8", "surrogateescape")

    def _matches(self, index: int, data: bytes, span: tuple[int, int]) -> Iterator[SecretMatch]:
        if index < len(_RULES):
            rule = _RULES[index]
            for match in rule.pattern.finditer(data, *span):
                if rule.check(match["value"]):
                    yield _of_rule(rule, match)
            return
        for pattern in _ASSIGNMENTS[index - len(_RULES)][1]:
            for match in pattern.finditer(data, *span):
                if is_secret_value(match["name"], match["value"]):
                    yield _of_assignment(match)

    def _anchors(self, data: bytes, scope: Scope) -> dict[int, list[tuple[int, int]]]:
        """Where each rule may match: its number, and spans that do not overlap."""
        found: dict[int, list[tuple[int, int]]] = {}
        counts = [0] * len(_REACH)
        asked = {
            Scope.TOKENS: len(TOKENS),
            Scope.CODE: len(_RULES) + 1,
            Scope.SETTINGS: len(_REACH),
        }[scope]

        def note(index: int, _start: int, stop: int, _flags: int, _context: object) -> None:
            counts[index] += 1
            if index >= asked or counts[index] > _MAX_ANCHORS:
                return
            before, after = _REACH[index]
            spans = found.setdefault(index, [])
            first, last = max(0, stop - before), stop + after
            if spans and first <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(spans[-1][1], last))
            else:
                spans.append((first, last))

        database = _database()
        if self._scratch is None:
            self._scratch = database.scratch.clone()
        database.scan(data, match_event_handler=note, scratch=self._scratch)
        return found


@cache
def _database() -> hyperscan.Database:
    """All anchors by their number. One database for every scope: compiling takes the longest."""
    import hyperscan  # noqa: PLC0415  # 30 ms that only this needs

    anchors = (*(rule.anchor for rule in _RULES), *(anchor for anchor, _ in _ASSIGNMENTS))
    database = hyperscan.Database()
    database.compile(
        expressions=anchors,
        ids=list(range(len(anchors))),
        elements=len(anchors),
        flags=[0] * len(anchors),
    )
    return database


def scan_assignment(name: str, value: str) -> SecretMatch | None:
    """The secret that a variable of this name and value is, if it is one by its name."""
    raw_name, raw = (text.encode("utf-8", "surrogateescape") for text in (name, value))
    if not _PLAIN_NAME.fullmatch(raw_name) or not is_secret_value(raw_name, raw):
        return None
    return SecretMatch(
        rule="generic", title="secret", line=1, shown=_masked(name, raw), name=name, value=raw
    )


def is_secret_value(name: bytes, value: bytes) -> bool:
    """Whether a value that is assigned to a name like PASSWORD or SECRET_KEY is a real one.

    Shape: long values have to look random; short ones, of 8 to 15 characters, need letters and
    digits, and count only for passwords and secrets.
    """
    if _ABOUT.search(name) or is_placeholder(value) or _HASHED.match(value):
        return False
    if _WORDS.fullmatch(value) or _LOCATION.match(value) or _COMMON.fullmatch(value):
        return False
    classes = sum(
        re.search(form, value) is not None for form in (rb"[a-z]", rb"[A-Z]", rb"[0-9]", rb"[^\w]")
    )
    if re.fullmatch(rb"[0-9a-fA-F]+", value):
        return len(value) >= 24 and entropy_bits(value) >= 2.7
    if len(value) >= 16:
        return classes >= 2 and entropy_bits(value) >= 3.3
    is_password = re.search(rb"(?i)passw|secret", name) is not None
    return is_password and classes >= 3 and entropy_bits(value) >= 2.75


_RULES: Final[Sequence[SecretRule]] = (*TOKENS, *LOOSE)
# Numbered behind the rules: the first in code, both in settings.
_ASSIGNMENTS: Final = (
    (_QUOTED_ANCHOR, (_QUOTED, _DEFAULT)),
    (_PLAIN_ANCHOR, (_PLAIN,)),
)
_REACH: Final = (
    *((rule.before_bytes, rule.after_bytes) for rule in _RULES),
    *(_ASSIGNMENT_BYTES for _ in _ASSIGNMENTS),
)
_PLAIN_NAME: Final = re.compile(rb"(?i)" + _NAME)


def _of_rule(rule: SecretRule, match: re.Match[bytes]) -> SecretMatch:
    value = match["value"]
    text = value.decode("ascii", "replace")
    if rule is PRIVATE_KEY:
        shown = match[0].partition(b"KEY")[0].decode("ascii", "replace") + "KEY-----"
    elif rule.id == "url-password":
        scheme = match[0].partition(b"://")[0].decode("ascii", "replace")
        shown = f"{scheme}://{match['user'].decode('utf-8', 'replace')}:***@"
    else:
        shown = f"{text[: rule.shown]}*** ({len(text)} characters)"
    return SecretMatch(rule=rule.id, title=rule.title, line=_line(match), shown=shown, value=value)


def _of_assignment(match: re.Match[bytes]) -> SecretMatch:
    name = match["name"].decode("utf-8", "replace")
    return SecretMatch(
        rule="generic",
        title="secret",
        line=_line(match),
        shown=_masked(name, match["value"]),
        name=name,
        value=match["value"],
    )


def _masked(name: str, value: bytes) -> str:
    return f"{name}=*** ({len(value)} characters)"


def _line(match: re.Match[bytes]) -> int:
    return match.string.count(b"\n", 0, match.start("value")) + 1
