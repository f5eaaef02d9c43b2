from __future__ import annotations

import pytest

from jettison.scaffold.apps import find_app
from jettison.scaffold.project import Project
from jettison.scaffold.routes import Routes, read_routes

HEAD = "from flask import Flask, Blueprint\napp = Flask(__name__)\n"


def routes(files: dict[str, str]) -> Routes:
    project = Project(name="x", texts=files, paths=frozenset(files))
    return read_routes(project, find_app(project))


@pytest.mark.parametrize(
    ("source", "health"),
    [
        ("@app.route('/health')\ndef h(): ...\n", "/health"),
        ("@app.get('/healthz')\ndef h(): ...\n", "/healthz"),
        ("app.add_url_rule('/health/', view_func=print)\n", "/health/"),
        (
            "bp = Blueprint('b', __name__, url_prefix='/-')\n@bp.get('/healthy')\ndef h(): ...\n",
            "/-/healthy",
        ),
        ("bp = Blueprint('b', __name__, url_prefix=p)\n@bp.get('/health')\ndef h(): ...\n", ""),
        ("@app.get('/healthy-food')\ndef h(): ...\n", ""),
        ("text = '/health'\n", ""),
    ],
)
def test_a_health_endpoint_is_found_only_where_one_is(source: str, health: str) -> None:
    assert routes({"app.py": HEAD + source}).health == health


ROUTER = (
    "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/health')\ndef h(): ...\n"
)
FASTAPI = "from fastapi import FastAPI\nfrom api import items\napp = FastAPI()\n"
FLASK = "from flask import Flask\nfrom views import bp as pages\napp = Flask(__name__)\n"
VIEWS = (
    "from flask import Blueprint\nbp = Blueprint('b', __name__)\n@bp.get('/health')\ndef h(): ...\n"
)


@pytest.mark.parametrize(
    ("files", "health"),
    [
        (
            {"m.py": FASTAPI + "app.include_router(items.router)\n", "api/items.py": ROUTER},
            "/health",
        ),
        (
            {
                "m.py": FASTAPI + "app.include_router(items.router, prefix='/items')\n",
                "api/items.py": ROUTER,
            },
            "",
        ),
        (
            {
                "m.py": FASTAPI + "app.include_router(items.router, prefix=root)\n",
                "api/items.py": ROUTER,
            },
            "",
        ),
        # Through a router in between, which is mounted below a prefix.
        (
            {
                "m.py": FASTAPI
                + "from api import every\napp.include_router(every, prefix='/v1')\n",
                "api/__init__.py": "from fastapi import APIRouter\nfrom .items import router\n"
                "every = APIRouter()\nevery.include_router(router)\n",
                "api/items.py": ROUTER,
            },
            "",
        ),
        # Mounted by a name that leads nowhere, so that it could be this one.
        (
            {
                "m.py": FASTAPI + "for one in found:\n    app.include_router(one, prefix='/v1')\n",
                "api/items.py": ROUTER,
            },
            "",
        ),
        (
            {"m.py": FLASK + "app.register_blueprint(pages)\n", "views.py": VIEWS},
            "/health",
        ),
        (
            {
                "m.py": FLASK + "app.register_blueprint(pages, url_prefix='/shop')\n",
                "views.py": VIEWS,
            },
            "",
        ),
        (
            {
                "m.py": "from aiohttp import web\napp = web.Application()\n"
                "inner = web.Application()\n"
                "inner.router.add_get('/health', print)\napp.add_subapp('/admin/', inner)\n"
            },
            "",
        ),
        (
            {
                "m.py": "from aiohttp import web\napp = web.Application()\n"
                "app.add_routes([web.get('/health', print)])\n"
            },
            "/health",
        ),
        (
            {
                "m.py": "from starlette.applications import Starlette\n"
                "from starlette.routing import Mount, Route\n"
                "app = Starlette(routes=[Mount('/v1', routes=[Route('/health', print)])])\n"
            },
            "",
        ),
        ({"m.py": FASTAPI + "client.get('/health')\n"}, ""),
        # Not a part of the app that could be any of its routers.
        (
            {"m.py": FASTAPI + ROUTER + "app.mount('/static', StaticFiles())\n"},
            "/health",
        ),
    ],
)
def test_a_health_endpoint_is_asked_where_it_is_mounted(files: dict[str, str], health: str) -> None:
    assert routes(files).health == health


def test_health_of_django_counts_in_the_table_that_the_settings_name() -> None:
    files = {
        "manage.py": "import os\n"
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
        "shop/wsgi.py": "from django.core.wsgi import get_wsgi_application as g\nx = g()\n",
        "shop/settings.py": "ROOT_URLCONF = 'shop.urls'\n",
        "shop/urls.py": "urlpatterns = []\n",
        "blog/urls.py": "from django.urls import path\nurlpatterns = [path('health', print)]\n",
    }
    assert routes(files).health == ""
    own = {**files, "shop/urls.py": files["blog/urls.py"]}
    assert routes(own).health == "/health"


def test_health_of_django_counts_in_the_first_table_of_urls() -> None:
    files = {
        "shop/wsgi.py": "from django.core.wsgi import get_wsgi_application as g\nx = g()\n",
        "shop/urls.py": "from django.urls import path\nurlpatterns = [path('health', print)]\n",
    }
    assert routes(files).health == "/health"
    deep = {**files, "shop/urls.py": "", "shop/api/urls.py": files["shop/urls.py"]}
    assert routes(deep).health == ""


@pytest.mark.parametrize(
    ("source", "port"),
    [
        ("app.run(host='0.0.0.0', port=1300, debug=True)\n", 1300),
        ("app.run(port=int(os.environ.get('PORT', '8080')))\n", 8080),
        ("app.run(port=int(os.getenv('PORT') or 5001))\n", 5001),
        ("app.run(port=wanted)\n", None),
        ("app.run(port=700000)\n", None),
        ("", None),
    ],
)
def test_the_port_is_what_the_source_would_listen_at(source: str, port: int | None) -> None:
    assert routes({"app.py": HEAD + source}).port == port


def test_a_port_for_development_may_stand_in_flaskenv() -> None:
    assert routes({"app.py": HEAD, ".flaskenv": "FLASK_RUN_PORT=5050\n"}).port == 5050
