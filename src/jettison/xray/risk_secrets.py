"""Secrets, keys and certificates: in every layer, in what later layers hide, and in the config."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from jettison.analysis.secrets import Scope, SecretMatch, SecretScanner, scan_assignment
from jettison.xray.risk_model import Risk, RiskKind, Severity, Subject
from jettison.xray.risk_territory import Place, Territory

MAX_FILE_BYTES: Final = 4 << 20
"""More than this is not read of one file."""

MAX_TOTAL_BYTES: Final = 2 << 30
"""More than this is not read of one image."""

_LEAST_BYTES: Final = 16
_SNIFFED_BYTES: Final = 8192
_KEY_STORES: Final = {
    ".jks": (b"\xfe\xed\xfe\xed", "a Java key store"),
    ".keystore": (b"\xfe\xed\xfe\xed", "a Java key store"),
    ".p12": (b"\x30\x82", "a PKCS #12 key store"),
    ".pfx": (b"\x30\x82", "a PKCS #12 key store"),
    ".kdbx": (b"\x03\xd9\xa2\x9a", "a KeePass database"),
}
_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_CERTIFICATE_NAME: Final = re.compile(r".+\.(?:pem|crt|cer|cert)\Z")
# A file with more is a bundle of authorities to trust, and so is all in these directories.
_MOST_IN_CHAIN: Final = 5
_TRUST: Final = re.compile(
    r"/(?:etc|usr/(?:local/)?(?:lib|share)|opt)/(?:\S+/)?(?:ssl|pki|ca-certificates|certs)/|/cacert\.pem\Z"
)


@dataclass(slots=True)
class _Found:
    """One secret of one path: the layers that have it."""

    place: Place
    match: SecretMatch
    scope: Scope
    layers: list[int] = field(default_factory=list)
    is_hidden: bool = True


@dataclass(slots=True)
class SecretSearch:
    """One search through an image; `notices` say what was left out of it."""

    subject: Subject
    notices: list[str] = field(default_factory=list)
    _scanner: SecretScanner = field(default_factory=SecretScanner)
    _secrets: dict[tuple[str, str, bytes], _Found] = field(default_factory=dict)
    _others: list[Risk] = field(default_factory=list)
    _read_bytes: int = 0
    _cut: int = 0

    def files(self) -> Iterator[Risk]:
        """What the files of all layers hold; a secret that several layers repeat is one risk."""
        tree = self.subject.rootfs.tree
        territory = Territory(tree, self.subject.inventory)
        for number, layer in enumerate(self.subject.files.layers):
            for entry in layer.entries:
                if not entry.is_file or entry.size_bytes < _LEAST_BYTES:
                    continue
                if entry.hardlink is not None and entry.hardlink != entry.path:
                    continue
                seen = tree.find(entry.path)
                place = Place(
                    path=entry.path,
                    layer=number,
                    is_hidden=seen is None or seen.layer != number,
                )
                scope = territory.scope(place)
                if scope is not None:
                    self._file(place, scope, entry.size_bytes)
        if self._cut:
            self.notices.append(
                f"secrets: of {self._cut} files larger than {MAX_FILE_BYTES >> 20} MiB only the "
                "beginning was read"
            )
        yield from self._others
        for found in self._secrets.values():
            risk = self._secret_risk(found, territory)
            if risk is not None:
                yield risk

    def config(self) -> Iterator[Risk]:
        """What variables, labels, the command and the history hold."""
        known: set[bytes] = set()
        config = self.subject.config
        for kind, pairs in (("ENV", config.env), ("LABEL", tuple(sorted(config.labels.items())))):
            for name, value in pairs:
                for match in self._assigned(name, value):
                    known.add(match.value)
                    yield _config_risk(match, f"{kind} {name}")
        for where, text in self._texts():
            for match in self._scanner.scan(text.encode("utf-8", "replace"), Scope.SETTINGS):
                if match.value not in known:
                    known.add(match.value)
                    yield _config_risk(match, where)

    def _assigned(self, name: str, value: str) -> Iterator[SecretMatch]:
        by_form = self._scanner.scan(value.encode("utf-8", "surrogateescape"), Scope.CODE)
        yield from by_form
        if not by_form and (match := scan_assignment(name, value)) is not None:
            yield match

    def _texts(self) -> Iterator[tuple[str, str]]:
        config = self.subject.config
        yield "the command", "\n".join(config.argv)
        if config.healthcheck is not None:
            yield "HEALTHCHECK", "\n".join(config.healthcheck.test)
        for number, item in enumerate(config.history, start=1):
            yield f"history, line {number}", f"{item.created_by}\n{item.comment}"

    def _file(self, place: Place, scope: Scope, size_bytes: int) -> None:
        if self._read_bytes > MAX_TOTAL_BYTES:
            return
        with self.subject.files.open_in(place.layer, place.path) as file:
            data = file.read(_SNIFFED_BYTES)
            is_text = b"\0" not in data
            if is_text or place.path.suffix == ".pyc":
                if size_bytes > _SNIFFED_BYTES:
                    data += file.read(MAX_FILE_BYTES - _SNIFFED_BYTES)
                    self._cut += size_bytes > MAX_FILE_BYTES
            elif scope is not Scope.TOKENS:
                self._key_store(place, data)
                return
            else:
                return
        self._read_bytes += len(data)
        if self._read_bytes > MAX_TOTAL_BYTES:
            self.notices.append(
                f"secrets: the image has more text than {MAX_TOTAL_BYTES >> 30} GiB; files from "
                f"{place.path} in layer {place.layer} on were not read"
            )
        for match in self._scanner.scan(data, scope):
            key = (place.path, match.rule, match.value)
            found = self._secrets.setdefault(key, _Found(place=place, match=match, scope=scope))
            found.layers.append(place.layer)
            found.is_hidden = found.is_hidden and place.is_hidden
        if scope is not Scope.TOKENS and not place.is_hidden and _CERTIFICATE in data:
            self._certificate(place, data)

    def _key_store(self, place: Place, head: bytes) -> None:
        magic, what = _KEY_STORES.get(place.path.suffix.lower(), (b"", ""))
        if what and head.startswith(magic):
            self._others.append(
                Risk(
                    kind=RiskKind.PRIVATE_KEY,
                    severity=Severity.MEDIUM,
                    detail=f"{what}: everybody who has the image has it",
                    path=place.path,
                    layer=place.layer,
                    is_hidden=place.is_hidden,
                    rule="key-store",
                )
            )

    def _certificate(self, place: Place, data: bytes) -> None:
        count = data.count(_CERTIFICATE)
        if count > _MOST_IN_CHAIN or _TRUST.search(place.path):
            return
        if not _CERTIFICATE_NAME.match(place.path.name):
            return
        self._others.append(
            Risk(
                kind=RiskKind.CERTIFICATE,
                severity=Severity.INFO,
                detail="a certificate of nobody's package: it will expire inside the image",
                path=place.path,
                layer=place.layer,
                owner=self.subject.owner(place.path),
            )
        )

    def _secret_risk(self, found: _Found, territory: Territory) -> Risk | None:
        path, match = found.place.path, found.match
        is_shipped = found.scope is Scope.TOKENS and path.suffix != ".pyc"
        is_test = territory.is_test_data(path)
        if is_shipped and is_test:
            return None
        kind = RiskKind.PRIVATE_KEY if match.rule == "private-key" else RiskKind.SECRET
        severity = Severity.MEDIUM if match.rule in ("generic", "url-password") else Severity.HIGH
        if is_shipped or is_test:
            severity = Severity.LOW
        detail = f"{match.title}: {match.shown}"
        if len(found.layers) > 1:
            detail += f", also in layer {', '.join(map(str, found.layers[1:]))}"
        return Risk(
            kind=kind,
            severity=severity,
            detail=detail,
            path=path,
            layer=found.layers[0],
            line=None if path.suffix == ".pyc" else match.line,
            is_hidden=found.is_hidden,
            owner=self.subject.owner(path) if not found.is_hidden else "",
            rule=match.rule,
        )


def _config_risk(match: SecretMatch, where: str) -> Risk:
    is_key = match.rule == "private-key"
    return Risk(
        kind=RiskKind.PRIVATE_KEY if is_key else RiskKind.SECRET,
        severity=Severity.HIGH,
        detail=f"{where}: {match.title}: {match.shown}",
        rule=match.rule,
    )
