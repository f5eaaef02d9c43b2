"""Package URLs of what was tested, for documents that others read.

Source: package-url/purl-spec, types deb, apk, rpm and pypi.
"""

from __future__ import annotations

from typing import Final

from packageurl import PackageURL

from jettison.scan.component import Component
from jettison.scan.ecosystems import Ecosystem

_NAMESPACES: Final = {"Rocky Linux": "rocky", "AlmaLinux": "almalinux"}
_SYSTEM: Final = frozenset({"deb", "apk", "rpm"})


def purl_of(component: Component) -> str:
    """Its package URL, the distribution and a source of another name as qualifiers."""
    if component.type not in _SYSTEM:
        kind = "pypi" if component.type == "python" else component.type
        namespace, _, name = component.name.rpartition("/")
        return PackageURL(kind, namespace or None, name, component.version).to_string()
    ecosystem = component.ecosystem
    namespace, distro = "", ""
    if isinstance(ecosystem, Ecosystem):
        namespace = _NAMESPACES.get(ecosystem.name, ecosystem.name.casefold())
        release = ecosystem.release.removeprefix("v").removesuffix(":LTS")
        distro = f"{namespace}-{release}" if release else ""
    qualifiers = {"distro": distro} if distro else {}
    if component.source != component.name:
        qualifiers["upstream"] = (
            component.source
            if component.source_version == component.version
            else f"{component.source}@{component.source_version}"
        )
    return PackageURL(
        component.type, namespace or None, component.name, component.version, qualifiers
    ).to_string()


def full_purl_of(component: Component) -> str:
    """As bills of materials write it, with the architecture."""
    if not component.architecture:
        return purl_of(component)
    purl = PackageURL.from_string(purl_of(component))
    qualifiers = {**dict(purl.qualifiers), "arch": component.architecture}
    return purl._replace(qualifiers=qualifiers).to_string()


def source_purl_of(component: Component) -> str:
    """The package URL of its source package, as advisories of a distribution write it."""
    ecosystem = component.ecosystem
    if component.type not in _SYSTEM or not isinstance(ecosystem, Ecosystem):
        return purl_of(component)
    namespace = _NAMESPACES.get(ecosystem.name, ecosystem.name.casefold())
    return PackageURL(
        component.type, namespace, component.source, component.source_version, {"arch": "source"}
    ).to_string()
