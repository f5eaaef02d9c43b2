"""Which server runs an app, and what has to be installed for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, assert_never

from jettison.scaffold.apps import App, Framework, Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A distribution to be installed: its version and the SHA-256 of its wheel for any platform."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How an app is served.

    Shape: `argv` is the command; `worker_class` as gunicorn takes it; `adds` what the project does
    not install itself, in alphabetic order; `workers` and `threads` are what it starts with.
    """

    argv: tuple[str, ...]
    worker_class: str = ""
    workers: int = 2
    threads: int = 4
    adds: tuple[Pin, ...] = ()


CONFIG_FILE: Final = "gunicorn.conf.py"

# The newest versions that init's own tests have built and served with.
_PINS: Final = {
    pin.name: pin
    for pin in (
        Pin(
            name="click",
            version="8.5.1",
            sha256="8bb5376d2006950386f8c6427613334a2acadc5f559cb80e638d00b4df957e37",
        ),
        Pin(
            name="gunicorn",
            version="27.0.1",
            sha256="378b26b9a38adcf4592f28828233c1716acc55e833ea06bf48719782efaa0d10",
        ),
        Pin(
            name="h11",
            version="0.16.0",
            sha256="63cf8bbe7522de3bf65932fda1d9c2772064ffb3dae62d55932da54b31cb6c86",
        ),
        Pin(
            name="uvicorn",
            version="0.54.0",
            sha256="505bdb0f318731d45f1f712071fc781a8981f6847a31c902c9f5e652d4f67faf",
        ),
        Pin(
            name="uvicorn-worker",
            version="0.4.0",
            sha256="e2ed952cef976f5e9e429d7269640bbcafbd36c80aa80f1003c8c77a6797abde",
        ),
        Pin(
            name="wsproto",
            version="1.3.2",
            sha256="61eea322cdf56e8cc904bd3ad7573359a242ba65688716b0710a5eb12beab584",
        ),
    )
}
_WSGI: Final = ("gunicorn",)
_ASGI: Final = ("click", "gunicorn", "h11", "uvicorn", "uvicorn-worker")
# uvicorn answers 404 to WebSocket without one of them, and Channels brings none.
_WEBSOCKET: Final = frozenset({"websockets", "wsproto"})
_NAMED: Final = frozenset({"gunicorn", "uvicorn-worker", "uvicorn", "wsproto"})
# A client's requests belong to a session in the memory of one worker, each takes a thread.
_SOCKET_IO: Final = frozenset({"flask-socketio", "python-socketio"})


def choose_server(app: App, installed: Iterable[str], *, is_hashed: bool) -> Server:
    """The server for an app; `installed` are the normalized names that the project installs.

    Where every requirement has a hash, what the server itself needs is named too.
    """
    have = frozenset(installed)
    server = _choose(app, have, is_hashed=is_hashed)
    return replace(server, workers=1, threads=100) if have & _SOCKET_IO else server


def _choose(app: App, have: frozenset[str], *, is_hashed: bool) -> Server:
    match app.interface:
        case Interface.WSGI:
            return _gunicorn(app, "gthread", _missing(_WSGI, have, whole=is_hashed))
        case Interface.ASGI:
            needs_websocket = "channels" in have and not have & _WEBSOCKET
            names = (*_ASGI, "wsproto") if needs_websocket else _ASGI
            adds = _missing(names, have, whole=is_hashed)
            return _gunicorn(app, "uvicorn_worker.UvicornWorker", adds)
        case Interface.AIOHTTP:
            return _gunicorn(
                app, "aiohttp.GunicornWebWorker", _missing(_WSGI, have, whole=is_hashed)
            )
        case Interface.NONE:
            return Server(argv=_worker(app))
        case _:
            assert_never(app.interface)


def _gunicorn(app: App, worker_class: str, adds: tuple[Pin, ...]) -> Server:
    target = f"{app.target}()" if app.is_factory and not app.is_coroutine else app.target
    return Server(argv=("gunicorn", target), worker_class=worker_class, adds=adds)


def _missing(names: tuple[str, ...], have: frozenset[str], *, whole: bool) -> tuple[Pin, ...]:
    wanted = names if whole else tuple(_NAMED.intersection(names))
    return tuple(_PINS[name] for name in sorted(wanted) if name not in have)


def _worker(app: App) -> tuple[str, ...]:
    if app.framework is Framework.CELERY:
        return ("celery", "--app", app.target, "worker", "--loglevel", "INFO")
    if app.path.startswith("src/") or app.path.endswith("/__main__.py"):
        return ("python", "-m", app.module)
    return ("python", app.path)
