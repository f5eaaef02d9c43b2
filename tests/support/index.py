"""A package index of wheels that are made in code, on loopback."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from support.web import Handler, Web, serve

_JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel with nothing in it but its metadata."""

    name: str
    version: str
    requires: tuple[str, ...] = ()
    requires_python: str = ""

    @property
    def file(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"

    @property
    def content(self) -> bytes:
        lines = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}"]
        lines += [f"Requires-Dist: {item}" for item in self.requires]
        if self.requires_python:
            lines.append(f"Requires-Python: {self.requires_python}")
        info = f"{self.name.replace('-', '_')}-{self.version}.dist-info"
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, text in (
                ("METADATA", "\n".join((*lines, ""))),
                ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
                ("RECORD", f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"),
            ):
                # The same bytes each time: a date of its own would change the hash.
                archive.writestr(zipfile.ZipInfo(f"{info}/{name}"), text)
        return out.getvalue()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@contextmanager
def served(wheels: Sequence[Wheel]) -> Iterator[Web]:
    """The index; its simple API is at `/simple`."""
    files = {wheel.file: wheel for wheel in wheels}

    def respond(handler: Handler) -> None:
        parts = handler.asked.path.strip("/").split("/")
        if parts[0] == "files" and parts[-1] in files:
            handler.send(200, files[parts[-1]].content)
            return
        own = [wheel for wheel in wheels if parts == ["simple", wheel.name]]
        if not own:
            handler.send(404)
            return
        rows = [
            {
                "filename": wheel.file,
                "url": f"/files/{wheel.file}",
                "hashes": {"sha256": wheel.sha256},
                **({"requires-python": wheel.requires_python} if wheel.requires_python else {}),
            }
            for wheel in own
        ]
        page = {"meta": {"api-version": "1.0"}, "name": own[0].name, "files": rows}
        handler.send(200, json.dumps(page).encode(), {"Content-Type": _JSON})

    with serve(respond) as web:
        yield web
