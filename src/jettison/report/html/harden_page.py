"""The page of `harden`: the way from sources to the slimmed image, and the original's X-ray."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from jettison.report.harden_document import HardenDocument, before_after
from jettison.report.html.page import Page, json_in_html, render_page
from jettison.report.html.xray_page import xray_page
from jettison.report.xray_document import XrayDocument

_STYLES: Final = ("assets/harden.css",)
_SCRIPTS: Final = ("assets/harden.js",)


def render_harden_page(document: HardenDocument, xray: XrayDocument | None) -> bytes:
    """One HTML file with everything; without an X-ray where the image was not come to."""
    own = {
        "harden": document,
        "harden_data": json_in_html(document),
        "rows": before_after(document),
    }
    title = f"{document.project} · hardened"
    if xray is None:
        page = Page(
            template="harden.html.j2", title=title, styles=_STYLES, scripts=_SCRIPTS, extra=own
        )
        return render_page(page, document)
    page = xray_page(xray)
    return render_page(
        replace(
            page,
            template="harden_xray.html.j2",
            title=title,
            styles=(*page.styles, *_STYLES),
            scripts=(*page.scripts, *_SCRIPTS),
            extra={**page.extra, **own},
        ),
        xray,
    )
