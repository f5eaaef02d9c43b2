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
