"""Images in memory for the search for risks."""

from __future__ import annotations

from jettison.analysis.inventory import Inventory, Package, PackageType
from jettison.image import ImageConfig
from jettison.paths import ImagePath
from jettison.xray.risk_model import Risk, RiskKind, Risks, Subject
from jettison.xray.risks import find_risks
from support.layers import Content
from support.trees import make_config
from support.xray import MemoryLayers


def look(
    *layers: Content, config: ImageConfig | None = None, packages: tuple[Package, ...] = ()
) -> Risks:
    """The risks of an image of these layers."""
    files = MemoryLayers(layers)
    return find_risks(
        Subject(
            config=config or make_config(cmd=("gunicorn", "app:app"), user="10001"),
            rootfs=files,
            files=files,
            inventory=Inventory(packages) if packages else None,
        )
    )


def of_kind(risks: Risks, kind: RiskKind) -> list[Risk]:
    """Those of one kind."""
    return [risk for risk in risks.found if risk.kind is kind]


def package(name: str, *files: str, kind: PackageType = PackageType.DEB, layer: int = 0) -> Package:
    """A package that owns files."""
    return Package(
        type=kind,
        name=name,
        title=name,
        version="1",
        source=name,
        source_version="1",
        record=ImagePath(f"/records/{name}"),
        files=tuple(ImagePath(path) for path in files),
        layer=layer,
    )
