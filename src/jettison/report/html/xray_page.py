"""The page of an X-ray."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from jettison.report.html.page import Page, render_page
from jettison.report.xray_document import XrayDocument

_SEVERITIES: Final = ("high", "medium", "low", "info")


def render_xray_page(document: XrayDocument) -> bytes:
    """One HTML file with all of the document in it."""
    return render_page(xray_page(document), document)


def xray_page(document: XrayDocument) -> Page:
    """What the page is made of; other pages have it as a part."""
    return Page(
        template="xray.html.j2",
        title=f"{document.image.reference} · X-ray",
        styles=("assets/xray.css",),
        scripts=("vendor/d3-hierarchy.min.js", "assets/treemap.js", "assets/xray.js"),
        extra=_figures(document),
    )


def _figures(document: XrayDocument) -> dict[str, Any]:
    """Sums that the document leaves to whoever shows it."""
    severities = Counter(risk.severity for risk in document.risks or ())
    kinds = Counter(package.type.value for package in document.packages or ())
    layers = document.layers or ()
    estimate = document.estimate
    categories = estimate.categories if estimate is not None else ()
    return {
        "severities": [(name, severities[name]) for name in _SEVERITIES],
        "kind_text": ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
        "layer_sizes": {layer.index: layer.size_bytes for layer in layers},
        "base_bytes": sum(layer.size_bytes for layer in layers if layer.is_base),
        "own_bytes": sum(layer.size_bytes for layer in layers if not layer.is_base),
        "estimate_left": estimate.size_bytes if estimate is not None else 0,
        "estimate_whole": estimate.size_bytes + estimate.saved_bytes if estimate is not None else 0,
        "categories": sorted(categories, key=lambda category: -category.size_bytes),
        "largest_category": max([1, *(category.size_bytes for category in categories)]),
    }
