from __future__ import annotations

import pytest

from jettison.errors import UsageError
from jettison.scaffold.apps import Framework, Interface, find_app
from jettison.scaffold.project import Project

FLASK = "from flask import Flask\napp = Flask(__name__)\n"


def project(files: dict[str, str]) -> Project:
    return Project(name="shop", texts=files, paths=frozenset(files))


@pytest.mark.parametrize(
    ("path", "source", "framework", "target"),
    [
        ("app.py", FLASK, Framework.FLASK, "app:app"),
        ("web/main.py", "import flask\napi = flask.Flask('x')\n", Framework.FLASK, "web.main:api"),
        (
            "src/shop/__init__.py",
            "from quart import Quart as Q\napp: Q = Q(__name__)\n",
            Framework.QUART,
            "shop:app",
        ),
        ("m.py", "import fastapi as f\napp = f.FastAPI()\n", Framework.FASTAPI, "m:app"),
        (
            "m.py",
            "from starlette.applications import Starlette\napp = Starlette()\n",
            Framework.STARLETTE,
            "m:app",
        ),
        (
            "m.py",
            "from aiohttp import web\napp = web.Application()\n",
            Framework.AIOHTTP,
            "m:app",
        ),
        (
            "m.py",
            "def application(environ, start_response): ...\n",
            Framework.WSGI,
            "m:application",
        ),
        ("m.py", "async def app(scope, receive, send): ...\n", Framework.ASGI, "m:app"),
        ("jobs.py", "import celery\nqueue = celery.Celery()\n", Framework.CELERY, "jobs:queue"),
        ("run.py", "if __name__ == '__main__':\n    print(1)\n", Framework.WORKER, "run"),
    ],
)
def test_each_kind_of_app_is_found(
    path: str, source: str, framework: Framework, target: str
) -> None:
    app = find_app(project({path: source}))
    assert (app.framework, app.target, app.path) == (framework, target, path)


def test_a_factory_is_called_unless_somebody_calls_it_already() -> None:
    factory = "import flask\ndef create_app(config=None):\n    return flask.Flask(__name__)\n"
    app = find_app(project({"shop/__init__.py": factory}))
    assert (app.target, app.is_factory) == ("shop:create_app", True)
    called = {"shop/__init__.py": factory, "wsgi.py": "import shop\napp = shop.create_app()\n"}
    app = find_app(project(called))
    assert (app.target, app.is_factory, app.framework) == ("wsgi:app", False, Framework.FLASK)


def test_a_factory_that_has_to_be_told_something_is_none() -> None:
    needs = "import flask\ndef create_app(config):\n    return flask.Flask(__name__)\n"
    with pytest.raises(UsageError, match="no app found"):
        find_app(project({"m.py": needs}))


MAKES = (
    "from aiohttp import web\n{}def init(argv=None):\n    app = web.Application()\n    return app\n"
)


def test_a_factory_of_another_name_counts_where_nothing_else_does() -> None:
    main = "if __name__ == '__main__':\n    web.run_app(init())\n"
    app = find_app(project({"main.py": MAKES.format("") + main}))
    assert (app.target, app.is_factory, app.is_coroutine) == ("main:init", True, False)
    assert app.framework is Framework.AIOHTTP
    app = find_app(project({"main.py": MAKES.format("async ") + main}))
    assert (app.target, app.is_factory, app.is_coroutine) == ("main:init", True, True)
    also = {"main.py": MAKES.format(""), "app.py": FLASK}
    assert find_app(project(also)).target == "app:app"
    celery = "from celery import Celery\ndef make():\n    return Celery()\nqueue = make()\n"
    with pytest.raises(UsageError, match="no app found"):
        find_app(project({"jobs.py": celery}))


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("import streamlit as st\nst.title('x')\n", "Streamlit"),
        ("import asyncio, tornado.web\nif __name__ == '__main__':\n    pass\n", "Tornado"),
        ("from sanic import Sanic\napp = Sanic('x')\n", "Sanic"),
    ],
)
def test_an_app_of_an_unknown_framework_is_no_worker(source: str, title: str) -> None:
    with pytest.raises(UsageError, match=rf"app\.py:1: an app of {title}, which"):
        find_app(project({"app.py": source}))
    worker = "import tornado.httpclient\nif __name__ == '__main__':\n    pass\n"
    assert find_app(project({"app.py": worker})).framework is Framework.WORKER


def test_an_app_with_dependencies_of_its_own_is_a_project_of_its_own() -> None:
    api = {"services/api/app/main.py": FLASK, "services/api/requirements.txt": "flask\n"}
    web = {"services/web/main.py": FLASK, "services/web/pyproject.toml": ""}
    with pytest.raises(UsageError, match="is a project of its own") as caught:
        find_app(project(api))
    assert caught.value.hint == "name its directory: `jettison init services/api`"
    with pytest.raises(UsageError, match="2 apps") as caught:
        find_app(project({**api, **web}))
    assert "`jettison init services/api` or `jettison init services/web`" in caught.value.hint
    shared = {**api, "requirements.txt": "flask\n"}
    assert find_app(project(shared)).target == "services.api.app.main:app"


DJANGO = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
    "if __name__ == '__main__':\n    pass\n",
    "shop/wsgi.py": "from django.core.wsgi import get_wsgi_application as g\napplication = g()\n",
    "shop/asgi.py": "from django.core.asgi import get_asgi_application as g\napplication = g()\n",
}


def test_of_djangos_two_modules_the_one_that_the_project_needs_is_taken() -> None:
    app = find_app(project(DJANGO))
    assert (app.target, app.interface) == ("shop.wsgi:application", Interface.WSGI)
    assert app.settings == "shop.settings"
    app = find_app(project({**DJANGO, "requirements.txt": "channels==4.1\n"}))
    assert (app.target, app.interface) == ("shop.asgi:application", Interface.ASGI)


def test_the_router_of_channels_is_the_app_not_what_it_routes_http_to() -> None:
    asgi = (
        "from channels.routing import ProtocolTypeRouter\n"
        "from django.core.asgi import get_asgi_application\n"
        "django_app = get_asgi_application()\n"
        "application = ProtocolTypeRouter({'http': django_app})\n"
    )
    needs = {"requirements.txt": "channels==4.1\n"}
    app = find_app(project({**DJANGO, "shop/asgi.py": asgi, **needs}))
    assert (app.target, app.interface) == ("shop.asgi:application", Interface.ASGI)
    other = asgi.replace("application = P", "router = P")
    app = find_app(project({**DJANGO, "shop/asgi.py": other, **needs}))
    assert (app.target, app.interface) == ("shop.asgi:router", Interface.ASGI)


def test_an_app_that_is_mounted_in_another_is_not_the_app() -> None:
    source = (
        "from fastapi import FastAPI\nmain = FastAPI()\ninner = FastAPI()\n"
        "main.mount('/v1', inner)\n"
    )
    assert find_app(project({"m.py": source})).target == "m:main"


def test_tests_docs_and_examples_have_no_apps() -> None:
    files = {"app.py": FLASK, "tests/app.py": FLASK, "docs/conf.py": FLASK, "test_app.py": FLASK}
    assert find_app(project(files)).path == "app.py"


def test_of_two_apps_one_has_to_be_named() -> None:
    two = project({"a.py": FLASK, "b.py": FLASK})
    with pytest.raises(UsageError, match=r"2 apps could be meant: a:app .*; b:app") as caught:
        find_app(two)
    assert "--app" in caught.value.hint
    assert find_app(two, "b:app").path == "b.py"
    with pytest.raises(UsageError, match="no such app; found: a:app, b:app"):
        find_app(two, "c:app")


def test_a_source_that_does_not_parse_is_named_where_nothing_else_is_found() -> None:
    broken = project({"app.py": "from flask import Flask\napp = Flask(\n"})
    with pytest.raises(UsageError, match=r"app\.py:2: '\(' was never closed"):
        find_app(broken)
    mixed = project({"app.py": FLASK, "other.py": "def\n"})
    assert find_app(mixed).target == "app:app"
    assert [str(item) for item in mixed.unreadable] == ["other.py:1: invalid syntax"]


def test_what_is_no_python_project_is_said() -> None:
    with pytest.raises(UsageError, match="no Python source"):
        find_app(project({"package.json": "{}"}))


def test_line_ends_marks_and_tabs_do_not_matter() -> None:
    source = "\ufefffrom flask import Flask\r\nif True:\r\n\tx = 1\r\napp = Flask(__name__)\r\n"
    assert find_app(project({"app.py": source})).target == "app:app"


def test_the_likeliest_of_several_programs_is_run() -> None:
    main = "if __name__ == '__main__':\n    pass\n"
    assert find_app(project({"submit.py": main, "worker.py": main})).path == "worker.py"
    with pytest.raises(UsageError, match="2 apps"):
        find_app(project({"submit.py": main, "fetch.py": main}))
