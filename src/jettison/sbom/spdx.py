"""A bill in SPDX 2.3, JSON.

Source: SPDX specification 2.3, clauses 6 to 11, and its JSON schema.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final
from uuid import UUID

import msgspec

from jettison.analysis.inventory import Package, PackageType
from jettison.paths import ImagePath, printable
from jettison.sbom.components import Bill, Component
from jettison.sbom.licenses import short_name, spdx_expression

_NOTHING: Final = "NOASSERTION"
_DOCUMENT: Final = "SPDXRef-DOCUMENT"
_IMAGE: Final = "SPDXRef-Image"


class _Struct(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Fields are named as in the specification."""


class _Checksum(_Struct, frozen=True, kw_only=True):
    algorithm: str
    checksum_value: str


class _Reference(_Struct, frozen=True, kw_only=True):
    reference_category: str = msgspec.field(name="referenceCategory")
    reference_type: str
    reference_locator: str


class _Code(_Struct, frozen=True, kw_only=True):
    package_verification_code_value: str


class _Package(_Struct, frozen=True, kw_only=True):
    spdxid: str = msgspec.field(name="SPDXID")
    name: str
    version_info: str | None = None
    download_location: str = msgspec.field(name="downloadLocation")
    files_analyzed: bool = msgspec.field(name="filesAnalyzed")
    package_verification_code: _Code | None = None
    license_concluded: str = msgspec.field(name="licenseConcluded")
    license_declared: str = msgspec.field(name="licenseDeclared")
    copyright_text: str = msgspec.field(name="copyrightText")
    checksums: tuple[_Checksum, ...] = ()
    external_refs: tuple[_Reference, ...] = ()
    primary_package_purpose: str | None = None
    source_info: str | None = None
    comment: str | None = None


class _File(_Struct, frozen=True, kw_only=True):
    spdxid: str = msgspec.field(name="SPDXID")
    file_name: str
    checksums: tuple[_Checksum, ...]
    license_concluded: str = msgspec.field(name="licenseConcluded")
    copyright_text: str = msgspec.field(name="copyrightText")


class _Relationship(_Struct, frozen=True, kw_only=True):
    spdx_element_id: str
    relationship_type: str
    related_spdx_element: str


class _License(_Struct, frozen=True, kw_only=True):
    license_id: str
    extracted_text: str
    name: str


class _Creation(_Struct, frozen=True, kw_only=True):
    created: str
    creators: tuple[str, ...]


class _Document(_Struct, frozen=True, kw_only=True):
    spdx_version: str = msgspec.field(name="spdxVersion")
    data_license: str
    spdxid: str = msgspec.field(name="SPDXID")
    name: str
    document_namespace: str
    creation_info: _Creation
    packages: tuple[_Package, ...]
    files: tuple[_File, ...] = ()
    relationships: tuple[_Relationship, ...] = ()
    has_extracted_licensing_infos: tuple[_License, ...] = ()


def render_spdx(bill: Bill) -> bytes:
    """The bill as JSON, ending with a line break; its `hashes` say which files are listed."""
    return msgspec.json.format(msgspec.json.encode(_Writer(bill).document()), indent=1) + b"\n"


class _Writer:
    def __init__(self, bill: Bill) -> None:
        self._bill = bill
        self._licenses: dict[str, _License] = {}

    def document(self) -> _Document:
        bill = self._bill
        parts = [part for item in bill.components for part in (item, *item.bundled)]
        packages = [self._image(), *(self._package(item) for item in parts)]
        files = sorted({path for item in parts for path in self._hashed(item.package)})
        identity = UUID(bytes=bill.seed, version=5)
        return _Document(
            spdx_version="SPDX-2.3",
            data_license="CC0-1.0",
            spdxid=_DOCUMENT,
            name=printable(bill.reference),
            document_namespace=f"https://spdx.org/spdxdocs/jettison-{identity}",
            creation_info=_Creation(
                created=bill.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                creators=(f"Tool: jettison-{bill.tool_version}",),
            ),
            packages=tuple(packages),
            files=tuple(self._file(path) for path in files),
            relationships=tuple(self._relationships()),
            has_extracted_licensing_infos=tuple(
                self._licenses[key] for key in sorted(self._licenses)
            ),
        )

    def _image(self) -> _Package:
        digest = self._bill.digest
        return _Package(
            spdxid=_IMAGE,
            name=printable(self._bill.reference),
            version_info=str(digest),
            download_location=_NOTHING,
            files_analyzed=False,
            license_concluded=_NOTHING,
            license_declared=_NOTHING,
            copyright_text=_NOTHING,
            checksums=(_Checksum(algorithm=digest.algorithm.upper(), checksum_value=digest.hex),),
            external_refs=(_purl(str(self._bill.purl)),),
            primary_package_purpose="CONTAINER",
        )

    def _package(self, item: Component) -> _Package:
        package = item.package
        hashes = sorted(self._bill.hashes[path] for path in self._hashed(package))
        # Clause 7.9: SHA-1 of the sorted SHA-1 of the files, written one after the other.
        code = hashlib.sha1("".join(hashes).encode(), usedforsecurity=False).hexdigest()
        return _Package(
            spdxid=_package_id(item),
            name=package.name,
            version_info=package.version or None,
            download_location=_NOTHING,
            files_analyzed=bool(hashes),
            package_verification_code=_Code(package_verification_code_value=code)
            if hashes
            else None,
            license_concluded=_NOTHING,
            license_declared=self._license(package),
            copyright_text=_NOTHING,
            external_refs=(_purl(str(item.purl)),) if item.purl is not None else (),
            primary_package_purpose="APPLICATION"
            if package.type is PackageType.BINARY
            else "LIBRARY",
            source_info=f"recorded in {printable(package.record)}",
            comment=_comment(item),
        )

    def _license(self, package: Package) -> str:
        found = []
        for name in package.licenses:
            expression = spdx_expression(name)
            if not expression:
                expression = self._own_license(name)
            found.append(f"({expression})" if " " in expression else expression)
        if len(found) == 1:
            return found[0].removeprefix("(").removesuffix(")")
        return " AND ".join(dict.fromkeys(found)) or _NOTHING

    def _own_license(self, name: str) -> str:
        key = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        found = _License(
            license_id=f"LicenseRef-{key}",
            extracted_text=printable(name),
            name=printable(short_name(name)),
        )
        self._licenses[found.license_id] = found
        return found.license_id

    def _file(self, path: ImagePath) -> _File:
        return _File(
            spdxid=_file_id(path),
            file_name=printable(f".{path}"),
            checksums=(_Checksum(algorithm="SHA1", checksum_value=self._bill.hashes[path]),),
            license_concluded=_NOTHING,
            copyright_text=_NOTHING,
        )

    def _hashed(self, package: Package) -> Iterator[ImagePath]:
        return (path for path in package.files if path in self._bill.hashes)

    def _relationships(self) -> Iterator[_Relationship]:
        yield _related(_DOCUMENT, "DESCRIBES", _IMAGE)
        ids = {item.ref: _package_id(item) for item in self._bill.components}
        for item in self._bill.components:
            own = ids[item.ref]
            yield _related(_IMAGE, "CONTAINS", own)
            for ref in item.depends:
                yield _related(own, "DEPENDS_ON", ids[ref])
            for path in self._hashed(item.package):
                yield _related(own, "CONTAINS", _file_id(path))
            for part in item.bundled:
                yield _related(own, "CONTAINS", _package_id(part))
                for path in self._hashed(part.package):
                    yield _related(_package_id(part), "CONTAINS", _file_id(path))


def _comment(item: Component) -> str:
    package = item.package
    found = [f"layer {package.layer}" + (f" ({item.layer})" if item.layer is not None else "")]
    if package.missing:
        found.append(f"{len(package.missing)} of its files are not in the image")
    if not package.has_file_list:
        found.append("no record lists its files")
    return "; ".join(found)


def _purl(text: str) -> _Reference:
    return _Reference(
        reference_category="PACKAGE-MANAGER", reference_type="purl", reference_locator=text
    )


def _related(one: str, kind: str, other: str) -> _Relationship:
    return _Relationship(spdx_element_id=one, relationship_type=kind, related_spdx_element=other)


def _package_id(item: Component) -> str:
    name = "".join(char if char.isascii() and char.isalnum() else "-" for char in item.package.name)
    return f"SPDXRef-Package-{item.package.type.value}-{name}-{item.ref.rpartition('=')[2]}"


def _file_id(path: ImagePath) -> str:
    raw = path.encode("utf-8", "surrogateescape")
    return f"SPDXRef-File-{hashlib.sha256(raw).hexdigest()[:20]}"
