"""Bare Python projects, one for each kind of app that `init` knows: sources and pins, no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class BareProject:
    """What somebody has before there is any container.

    Shape: `path` is asked once it serves and `answer` is in what comes; both empty for a worker.
    """

    files: Mapping[str, str]
    pins: tuple[str, ...]
    path: str = "/"
    answer: str = "hello"

    def write(self, directory: Path) -> Path:
        """Write it into a new directory."""
        for name, text in {**self.files, "requirements.txt": "\n".join((*self.pins, ""))}.items():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return directory


_DJANGO_SETTINGS: Final = """
SECRET_KEY = __import__("os").environ.get("SECRET_KEY", "not-one")
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site_config.urls"
"""

PROJECTS: Final[Mapping[str, BareProject]] = {
    "flask": BareProject(
        files={
            "app.py": "from flask import Flask\n\napp = Flask(__name__)\n\n\n"
            '@app.get("/")\ndef index():\n    return {"say": "hello"}\n'
        },
        pins=("flask==3.1.3",),
    ),
    "flask-factory": BareProject(
        files={
            "src/shop/__init__.py": "from flask import Flask\n\n\ndef create_app():\n"
            "    app = Flask(__name__)\n\n    @app.get('/')\n    def index():\n"
            "        return 'hello'\n\n    return app\n"
        },
        pins=("flask==3.1.3",),
    ),
    "django": BareProject(
        files={
            "manage.py": "import os\nimport sys\n\n"
            'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_config.settings")\n'
            'if __name__ == "__main__":\n'
            "    from django.core.management import execute_from_command_line\n\n"
            "    execute_from_command_line(sys.argv)\n",
            "site_config/__init__.py": "",
            "site_config/settings.py": _DJANGO_SETTINGS,
            "site_config/urls.py": "from django.http import HttpResponse\n"
            "from django.urls import path\n\n"
            'urlpatterns = [path("", lambda request: HttpResponse("hello"))]\n',
            "site_config/wsgi.py": "import os\n\n"
            "from django.core.wsgi import get_wsgi_application\n\n"
            'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_config.settings")\n'
            "application = get_wsgi_application()\n",
        },
        pins=("django==5.2.19",),
    ),
    "fastapi": BareProject(
        files={
            "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
            '@app.get("/")\nasync def index():\n    return "hello"\n'
        },
        pins=("fastapi==0.165.0",),
    ),
    "starlette": BareProject(
        files={
            "main.py": "from starlette.applications import Starlette\n"
            "from starlette.responses import PlainTextResponse\n"
            "from starlette.routing import Route\n\n\n"
            "async def index(request):\n    return PlainTextResponse('hello')\n\n\n"
            "app = Starlette(routes=[Route('/', index)])\n"
        },
        pins=("starlette==1.10.0",),
    ),
    "quart": BareProject(
        files={
            "app.py": "from quart import Quart\n\napp = Quart(__name__)\n\n\n"
            '@app.get("/")\nasync def index():\n    return "hello"\n'
        },
        pins=("quart==0.22.0",),
    ),
    "aiohttp": BareProject(
        files={
            "main.py": "from aiohttp import web\n\n\nasync def index(request):\n"
            "    return web.Response(text='hello')\n\n\n"
            "app = web.Application()\napp.router.add_get('/', index)\n"
        },
        pins=("aiohttp==3.14.5",),
    ),
    "wsgi": BareProject(
        files={
            "wsgi.py": "def application(environ, start_response):\n"
            "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
            "    return [b'hello']\n"
        },
        pins=(),
    ),
    "asgi": BareProject(
        files={
            "asgi.py": "async def app(scope, receive, send):\n"
            "    if scope['type'] != 'http':\n        return\n"
            "    headers = [(b'content-type', b'text/plain')]\n"
            "    await send({'type': 'http.response.start', 'status': 200, 'headers': headers})\n"
            "    await send({'type': 'http.response.body', 'body': b'hello'})\n"
        },
        pins=(),
    ),
    "worker": BareProject(
        files={
            "worker.py": "import signal\nimport threading\n\n\ndef main():\n"
            "    stop = threading.Event()\n"
            "    signal.signal(signal.SIGTERM, lambda *_: stop.set())\n"
            "    print('working', flush=True)\n    stop.wait()\n\n\n"
            "if __name__ == '__main__':\n    main()\n"
        },
        pins=(),
        path="",
        answer="",
    ),
}
