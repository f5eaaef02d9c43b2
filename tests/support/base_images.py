"""Base images in code: dpkg's status, a Python's marks, and layers on top of them."""

from __future__ import annotations

from collections.abc import Mapping

from support.images import BuiltImage, Content, make_image
from support.layers import Layer, make_layer

DEBIAN_12 = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\nVERSION_CODENAME=bookworm\n'
ALPINE = b'ID=alpine\nVERSION_ID=3.20.1\nPRETTY_NAME="Alpine Linux v3.20"\n'


def base_layer(
    packages: Mapping[str, str],
    *,
    python: str = "",
    ballast: int = 0,
    os_release: bytes = DEBIAN_12,
) -> Layer:
    """One layer with Debian packages by name and version, and a Python from source."""
    return make_layer(base_content(packages, python=python, ballast=ballast, os_release=os_release))


def base_content(
    packages: Mapping[str, str],
    *,
    python: str = "",
    ballast: int = 0,
    os_release: bytes = DEBIAN_12,
) -> Content:
    """What is in such a layer; the ballast is bytes that nobody needs."""
    entries = [
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n"
        for name, version in {"libc6": "2.36-9", **packages}.items()
    ]
    content: dict[str, bytes] = {
        "/etc/os-release": os_release,
        "/var/lib/dpkg/status": "\n".join(entries).encode(),
        "/usr/share/ballast": b"x" * ballast,
    }
    if python:
        minor = ".".join(python.split(".")[:2])
        header = f'#define PY_VERSION              "{python}"\n'.encode()
        content |= {
            f"/usr/local/bin/python{minor}": b"\x7fELF",
            f"/usr/local/lib/python{minor}/os.py": b"",
            f"/usr/local/include/python{minor}/patchlevel.h": header,
        }
    return dict(content)


def make_base(
    packages: Mapping[str, str],
    *,
    python: str = "",
    ballast: int = 0,
    os_release: bytes = DEBIAN_12,
) -> BuiltImage:
    """A base image of one layer."""
    layer = base_layer(packages, python=python, ballast=ballast, os_release=os_release)
    return make_image([layer], config={"Cmd": ["python3"]})


def make_app(
    base: BuiltImage, *, labels: Mapping[str, str] | None = None, layers: tuple[Layer, ...] = ()
) -> BuiltImage:
    """An image that was built on a base; its history says where the base ends."""
    app = make_layer({"/app/main.py": b"print(1)\n"})
    history = [
        *({"created_by": f"layer {number}"} for number in range(len(base.layers))),
        {"created_by": 'CMD ["python3"]', "empty_layer": True},
        *({"created_by": "RUN pip install"} for _ in layers),
        {"created_by": "COPY . /app"},
        {"created_by": 'CMD ["python3", "/app/main.py"]', "empty_layer": True},
    ]
    return make_image(
        [*base.layers, *layers, app],
        config={"Cmd": ["python3", "/app/main.py"], "Labels": dict(labels or {})},
        extra={"history": history},
    )
