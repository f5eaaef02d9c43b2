"""What a bill of materials gives to test: CycloneDX and SPDX in JSON, read tolerantly.

Packages are known by their package URLs. For a distribution's packages the source's name and
version are found where the common generators write them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from packageurl import PackageURL

from jettison.analysis.decoded import Table, as_list, table_at, tables_at, text_at
from jettison.analysis.inventory import Distro, PackageType
from jettison.scan.chains import find_chains
from jettison.scan.component import Component, plain_component
from jettison.scan.ecosystems import PYPI, Ecosystem, NoEcosystem, ecosystem_of
from jettison.scan.inputs import Inputs, Untested

_SYSTEM: Final = {"deb": PackageType.DEB, "apk": PackageType.APK, "rpm": PackageType.RPM}
_LANGUAGES: Final = {"npm": "npm", "cargo": "crates.io", "golang": "Go"}
_DISTRO: Final = re.compile(r"(?P<id>[a-z][a-z_]*)-?(?P<version>\d[\w.]*)")
_CODENAMES: Final = frozenset({"buster", "bullseye", "bookworm", "trixie", "forky", "sid"})
_NAMED: Final = {"focal": "20.04", "jammy": "22.04", "noble": "24.04"}
_SOURCE_NAME: Final = ("aquasecurity:trivy:SrcName", "syft:metadata:source", "jettison:source")
_SOURCE_VERSION: Final = ("syft:metadata:sourceVersion", "jettison:source-version")
_MAX_DEPTH: Final = 64
_MOST_WRAPPERS: Final = 4
_STATEMENT: Final = "https://in-toto.io/Statement/"


class InvalidBillError(ValueError):
    """A file that is no bill of materials that can be read."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One thing of a bill: how others refer to it, and what it is."""

    reference: str
    title: str
    purl: str
    properties: Mapping[str, str]
    version: str = ""


def read_bill(file: str, raw: bytes) -> Inputs:
    """The packages of a bill.

    Raises: InvalidBillError.
    """
    try:
        table = json.loads(raw)
    except (ValueError, RecursionError) as err:
        raise InvalidBillError(f"not JSON: {err}") from err
    if not isinstance(table, dict):
        raise InvalidBillError("not a JSON object")
    table = _unwrapped(table)
    if table.get("bomFormat") == "CycloneDX" or "components" in table:
        entries = list(_cyclonedx_entries(table))
        needs = _cyclonedx_needs(table)
        root = text_at(table_at(table_at(table, "metadata"), "component"), "bom-ref")
        return _inputs(file, entries, needs, root, _cyclonedx_distro(table))
    if "spdxVersion" in table:
        entries = list(_spdx_entries(table))
        return _inputs(file, entries, _spdx_needs(table), text_at(table, "SPDXID"), None)
    if "@graph" in table:
        return _inputs(file, list(_spdx3_entries(table)), {}, "", None)
    raise InvalidBillError("neither CycloneDX nor SPDX")


def _unwrapped(table: Table) -> Table:
    """The bill in what carries it: GitHub's and BuildKit's answers, in-toto statements, DSSE.

    Who signed it is not looked at: a bill is only read here.

    Raises: InvalidBillError for a statement that carries none.
    """
    for _ in range(_MOST_WRAPPERS):
        if "payloadType" in table:
            try:
                inner = json.loads(base64.b64decode(text_at(table, "payload"), validate=True))
            except (ValueError, RecursionError) as err:
                raise InvalidBillError(f"the payload of its envelope: {err}") from err
        elif text_at(table, "_type").startswith(_STATEMENT):
            inner = table.get("predicate")
            # cosign put it one deeper once.
            if isinstance(inner, dict) and isinstance(inner.get("Data"), dict):
                inner = inner["Data"]
        else:
            inner = next((table[name] for name in ("sbom", "SPDX") if name in table), None)
            if inner is None:
                return table
        if not isinstance(inner, dict):
            raise InvalidBillError("what it wraps is not a JSON object")
        if "_type" in table and "payloadType" not in inner and not _is_bill(inner):
            kind = text_at(table, "predicateType")[:200] or "nothing known"
            raise InvalidBillError(f"an in-toto statement of {kind}, not of a bill of materials")
        table = inner
    return table


def _is_bill(table: Table) -> bool:
    return any(name in table for name in ("bomFormat", "components", "spdxVersion", "@graph"))


def _inputs(
    file: str,
    entries: list[_Entry],
    needs: Mapping[str, list[str]],
    root: str,
    distro: Distro | None,
) -> Inputs:
    known = {entry.reference: entry for entry in entries}
    edges = {name: [other for other in needs.get(name, ()) if other in known] for name in known}
    # The image or project itself says nothing about how a package came in.
    roots = [name for name in needs.get(root, ()) if name in known] or None
    chains = find_chains(edges, roots) if any(edges.values()) else {}
    components = []
    untested = []
    for entry in entries:
        component = _component(file, entry, distro)
        if isinstance(component, Untested):
            untested.append(component)
            continue
        shown = tuple(
            tuple(known[name].title for name in chain)
            for chain in chains.get(entry.reference, ())
            if component.type == "python"
        )
        components.append(replace(component, introduced_through=shown))
    return Inputs(components=tuple(components), untested=tuple(untested))


def _component(file: str, entry: _Entry, distro: Distro | None) -> Component | Untested:
    if not entry.purl:
        return Untested(what=entry.title, where=file, reason="it has no package URL")
    try:
        purl = PackageURL.from_string(entry.purl)
    except ValueError:
        return Untested(what=entry.title, where=file, reason=f"no package URL: {entry.purl[:200]}")
    if not purl.version and entry.version:
        purl = purl._replace(version=entry.version)
    if not purl.version:
        return Untested(what=entry.title, where=file, reason="it has no version")
    name = purl.name if purl.namespace is None else f"{purl.namespace}/{purl.name}"
    if purl.type in _SYSTEM:
        kind = _SYSTEM[purl.type]
        return _system_component(file, entry, purl, kind, distro)
    if purl.type == "pypi":
        return plain_component("python", purl.name, purl.version, PYPI, record=file)
    if purl.type in _LANGUAGES:
        ecosystem = Ecosystem(name=_LANGUAGES[purl.type])
        return plain_component(purl.type, name, purl.version, ecosystem, record=file)
    return Untested(
        what=entry.title, where=file, reason=f"packages of type {purl.type} are not looked up"
    )


def _system_component(
    file: str, entry: _Entry, purl: PackageURL, kind: PackageType, distro: Distro | None
) -> Component:
    qualifiers = dict(purl.qualifiers)
    version = _with_epoch(purl.version or "", qualifiers.get("epoch", ""))
    source, source_version = _source(entry, qualifiers)
    return Component(
        type=kind.value,
        name=purl.name,
        title=purl.name,
        version=version,
        source=source or purl.name,
        source_version=_with_epoch(source_version, "") or version,
        ecosystem=_system_ecosystem(purl, kind, distro),
        record=file,
        architecture=qualifiers.get("arch", ""),
    )


def _with_epoch(version: str, epoch: str) -> str:
    return f"{epoch}:{version}" if epoch not in ("", "0") and ":" not in version else version


def _source(entry: _Entry, qualifiers: Mapping[str, str]) -> tuple[str, str]:
    """Name and version of the source package; syft, Trivy and others each have their way."""
    name, _, version = qualifiers.get("upstream", "").partition("@")
    said = entry.properties
    name = name or next((said[key] for key in _SOURCE_NAME if said.get(key)), "")
    version = version or next((said[key] for key in _SOURCE_VERSION if said.get(key)), "")
    if not version and (found := said.get("aquasecurity:trivy:SrcVersion")):
        release = said.get("aquasecurity:trivy:SrcRelease", "")
        version = _with_epoch(
            f"{found}-{release}" if release else found, said.get("aquasecurity:trivy:SrcEpoch", "")
        )
    # syft writes an rpm's source with version and architecture: bash-5.1.8-9.el9.src.rpm.
    if name.endswith(".src.rpm"):
        name, *rest = name.removesuffix(".src.rpm").rsplit("-", 2)
        version = version or "-".join(rest)
    return name, version


def _system_ecosystem(
    purl: PackageURL, kind: PackageType, distro: Distro | None
) -> Ecosystem | NoEcosystem:
    said = dict(purl.qualifiers).get("distro", "")
    fits = _DISTRO.fullmatch(said)
    if fits is not None:
        return ecosystem_of(kind, Distro(id=fits["id"], version_id=fits["version"]))
    if said in _CODENAMES:
        return ecosystem_of(kind, Distro(id="debian", codename=said))
    if said in _NAMED:
        return ecosystem_of(kind, Distro(id="ubuntu", version_id=_NAMED[said]))
    if re.fullmatch(r"\d[\w.]*", said) and purl.namespace:
        return ecosystem_of(kind, Distro(id=purl.namespace, version_id=said))
    if distro is not None:
        return ecosystem_of(kind, distro)
    if purl.namespace in ("wolfi", "chainguard"):
        return ecosystem_of(kind, Distro(id=purl.namespace))
    return NoEcosystem(reason="the bill does not say which release of a distribution it is of")


def _cyclonedx_entries(table: Table) -> Iterator[_Entry]:
    # Parts of the thing itself may stand below it, as the specification has it.
    own = tables_at(table_at(table_at(table, "metadata"), "component"), "components")
    waiting = [(item, 0) for item in reversed([*tables_at(table, "components"), *own])]
    while waiting:
        item, depth = waiting.pop()
        if depth < _MAX_DEPTH:
            waiting += [(below, depth + 1) for below in reversed(tables_at(item, "components"))]
        if item.get("type") in ("operating-system", "file", "device", "data", "firmware"):
            continue
        properties = {
            text_at(one, "name"): text_at(one, "value") for one in tables_at(item, "properties")
        }
        title = (
            f"{text_at(item, 'name')} {text_at(item, 'version')}".strip() or "a nameless component"
        )
        yield _Entry(
            text_at(item, "bom-ref") or title,
            title,
            text_at(item, "purl"),
            properties,
            text_at(item, "version"),
        )


def _cyclonedx_needs(table: Table) -> dict[str, list[str]]:
    return {
        text_at(item, "ref"): [
            other for other in as_list(item.get("dependsOn")) if isinstance(other, str)
        ]
        for item in tables_at(table, "dependencies")
    }


def _cyclonedx_distro(table: Table) -> Distro | None:
    for item in tables_at(table, "components"):
        if item.get("type") == "operating-system" and item.get("name"):
            return Distro(id=text_at(item, "name").casefold(), version_id=text_at(item, "version"))
    return None


def _spdx_entries(table: Table) -> Iterator[_Entry]:
    described = {
        other for other in as_list(table.get("documentDescribes")) if isinstance(other, str)
    }
    described |= {
        text_at(item, "relatedSpdxElement")
        for item in tables_at(table, "relationships")
        if item.get("relationshipType") == "DESCRIBES"
    }
    for item in tables_at(table, "packages"):
        purl = next(
            (
                text_at(reference, "referenceLocator")
                for reference in tables_at(item, "externalRefs")
                # A word, or its address where the document was RDF once.
                if text_at(reference, "referenceType").rpartition("/")[2] == "purl"
            ),
            "",
        )
        reference = text_at(item, "SPDXID")
        # What the document describes is the image or the project, which is no package of itself.
        if reference in described and not purl.startswith(("pkg:deb", "pkg:apk", "pkg:pypi")):
            continue
        title = f"{text_at(item, 'name')} {text_at(item, 'versionInfo')}".strip() or reference
        properties = _source_info(text_at(item, "sourceInfo"))
        version = text_at(item, "versionInfo")
        yield _Entry(reference or title, title, purl, properties, version)


def _source_info(text: str) -> Mapping[str, str]:
    """Trivy writes `built package from: openssl 3.0.11-1`; others write prose."""
    fits = re.fullmatch(r"built package from: (\S+) (\S+)", text)
    if fits is None:
        return {}
    return {"jettison:source": fits[1], "jettison:source-version": fits[2]}


def _spdx_needs(table: Table) -> dict[str, list[str]]:
    needs: dict[str, list[str]] = {}
    for item in tables_at(table, "relationships"):
        one, other = text_at(item, "spdxElementId"), text_at(item, "relatedSpdxElement")
        match item.get("relationshipType"):
            case "DEPENDS_ON":
                needs.setdefault(one, []).append(other)
            case "DEPENDENCY_OF":
                needs.setdefault(other, []).append(one)
    return needs


def _spdx3_entries(table: Table) -> Iterator[_Entry]:
    for item in tables_at(table, "@graph"):
        if item.get("type") != "software_Package":
            continue
        purl = text_at(item, "software_packageUrl")
        for other in tables_at(item, "externalIdentifier"):
            if not purl and other.get("externalIdentifierType") == "packageUrl":
                purl = text_at(other, "identifier")
        version = text_at(item, "software_packageVersion")
        title = f"{text_at(item, 'name')} {version}".strip()
        yield _Entry(text_at(item, "spdxId") or title, title, purl, {}, version)
