"""One page from a template, a document and the styles and scripts that it names.

A page is one file: styles, scripts and the document stand in it, and its content security policy
allows these and nothing else, by their digests. What comes from an image is escaped by the template
engine, or read by scripts as data.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jettison import __version__
from jettison.paths import printable
from jettison.report.documents import encode
from jettison.report.units import count_of, human_size

if TYPE_CHECKING:
    from jinja2 import Environment, PackageLoader

_BASE_STYLES: Final = ("assets/page.css",)
_BASE_SCRIPTS: Final = ("assets/page.js", "assets/table.js")
# Before anything is drawn, so that a chosen theme does not flash.
_HEAD_SCRIPT: Final = "assets/theme.js"
_THIN_SPACE: Final = "\u202f"
# Marks that turn the direction of what follows: with them a name is read as another.
_DIRECTION: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a kind of page is made of, beside what all pages have.

    Shape: `template` extends `base.html.j2`; `styles` and `scripts` are files of this package, in
    order; `extra` are further values for the template.
    """

    template: str
    title: str
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


def render_page(page: Page, document: msgspec.Struct) -> bytes:
    """The page in UTF-8; the template sees the document as `document`, scripts as `J.data`."""
    environment = _environment()
    styles = "".join(_asset(name) for name in (*_BASE_STYLES, *page.styles))
    scripts = [_asset(name) for name in (*_BASE_SCRIPTS, *page.scripts)]
    head_script = _asset(_HEAD_SCRIPT)
    text = environment.get_template(page.template).render(
        title=page.title,
        document=document,
        data=json_in_html(document),
        style=styles,
        head_script=head_script,
        scripts=scripts,
        policy=_policy(styles, (head_script, *scripts)),
        version=__version__,
        **page.extra,
    )
    return _DIRECTION.sub(_shown, printable(text)).encode()


def json_in_html(document: msgspec.Struct) -> str:
    """JSON that ends no script element, whatever names are in it."""
    text = encode(document).decode()
    # A backslash for the reader, so two in JSON.
    text = _DIRECTION.sub(lambda match: f"\\{_shown(match)}", text)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _shown(mark: re.Match[str]) -> str:
    return f"\\u{ord(mark[0]):04x}"


def _policy(style: str, scripts: tuple[str, ...]) -> str:
    """Nothing is fetched, sent or run but what is in the page."""
    allowed = " ".join(_source(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_source(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _asset(name: str) -> str:
    """A style or a script, which must not end the element that it stands in."""
    text = _loader().get_source(_environment(), name)[0]
    if "</s" in text.lower():
        raise ValueError(f"{name} would end its element")
    return text


@cache
def _loader() -> PackageLoader:
    from jinja2 import PackageLoader  # noqa: PLC0415  # as below

    return PackageLoader("jettison.report", "html")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  # no other output needs it

    environment = Environment(
        loader=_loader(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["size"] = _size
    environment.filters["count_of"] = count_of
    environment.filters["count"] = lambda value: f"{value:,}".replace(",", _THIN_SPACE)
    return environment


def _size(size_bytes: int) -> str:
    """As the command line shows sizes, with a space that does not break."""
    return re.sub(r"(?<=[0-9])(?=[a-zA-Z])", _THIN_SPACE, human_size(size_bytes))
