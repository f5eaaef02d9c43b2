from __future__ import annotations

from datetime import date

import pytest

from jettison.errors import UsageError
from jettison.scaffold.dependencies import Installer
from jettison.scaffold.plan import Plan, Wishes, make_plan
from jettison.scaffold.project import Project

APP = "from flask import Flask\napp = Flask(__name__)\n"
LOCK = '[[package]]\nname = "Flask"\nversion = "3.0"\n'
TODAY = date(2026, 11, 1)


NO_WISHES = Wishes()


def plan(files: dict[str, str], wishes: Wishes = NO_WISHES) -> Plan:
    whole = {"app.py": APP, **files}
    return make_plan(
        Project(name="My Shop", texts=whole, paths=frozenset(whole)), wishes, today=TODAY
    )


@pytest.mark.parametrize(
    ("files", "version"),
    [
        # The newest that is settled: 3.15 is a month old on that day.
        ({}, "3.14"),
        ({"pyproject.toml": "[project]\nrequires-python = '>=3.9,<3.13'\n"}, "3.12"),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.11'\n"}, "3.14"),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '~3.11'\n"}, "3.11"),
        ({"pyproject.toml": "[project]\nrequires-python = '>=3.15'\n"}, "3.15"),
        # Its support has ended, and nothing else will do.
        ({"pyproject.toml": "[project]\nrequires-python = '<3.9'\n"}, "3.8"),
        ({".python-version": "3.12.4\n"}, "3.12"),
        ({"runtime.txt": "python-3.11.9\n"}, "3.11"),
        ({"Pipfile": "[requires]\npython_version = '3.13'\n"}, "3.13"),
        ({"setup.cfg": "[options]\npython_requires = >=3.10, <3.12\n"}, "3.11"),
    ],
)
def test_the_python_is_the_newest_that_the_project_allows(
    files: dict[str, str], version: str
) -> None:
    made = plan(files)
    assert str(made.python) == version
    assert made.base == f"python:{version}-slim-trixie"


def test_a_base_that_is_named_decides_and_must_fit() -> None:
    made = plan({}, Wishes(base="hub.example/python:3.12-slim"))
    assert (str(made.python), made.base) == ("3.12", "hub.example/python:3.12-slim")
    assert (
        plan({}, Wishes(base="hub.example:5000/py")).base == "hub.example:5000/py:3.14-slim-trixie"
    )
    asks = {"pyproject.toml": "[project]\nrequires-python = '>=3.13'\n"}
    with pytest.raises(UsageError, match=r"has Python 3\.12, and pyproject\.toml asks for >=3\.13"):
        plan(asks, Wishes(base="python:3.12-slim"))


def test_a_base_without_debians_programs_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"base python:3\.12-alpine3\.21: Alpine has neither"):
        plan({}, Wishes(base="python:3.12-alpine3.21"))
    assert plan({}, Wishes(base="hub.example/alpine-team/python:3.12-slim")).base.endswith("-slim")


def test_what_no_python_is_is_an_error() -> None:
    with pytest.raises(UsageError, match="no known release of CPython"):
        plan({"pyproject.toml": "[project]\nrequires-python = '>=4'\n"})
    with pytest.raises(UsageError, match=r"pyproject\.toml: "):
        plan({"pyproject.toml": "[project\n"})


@pytest.mark.parametrize(
    ("files", "installer", "first"),
    [
        ({"requirements.txt": "flask==3\n"}, Installer.REQUIREMENTS, "requirements.txt"),
        (
            {"requirements/prod.txt": "-r base.txt\n", "requirements/base.txt": "flask\n"},
            Installer.REQUIREMENTS,
            "requirements/prod.txt",
        ),
        ({"uv.lock": LOCK, "pyproject.toml": ""}, Installer.UV, "pyproject.toml"),
        (
            {"poetry.lock": LOCK, "pyproject.toml": ""},
            Installer.POETRY,
            "pyproject.toml",
        ),
        ({"pdm.lock": LOCK, "pyproject.toml": ""}, Installer.PDM, "pyproject.toml"),
        (
            {"Pipfile.lock": '{"default": {"flask": {"version": "==3.0"}}}', "Pipfile": ""},
            Installer.PIPENV,
            "Pipfile",
        ),
        (
            {"pyproject.toml": "[project]\ndependencies = ['flask>=3']\n"},
            Installer.PYPROJECT,
            "pyproject.toml",
        ),
    ],
)
def test_dependencies_come_from_what_says_most(
    files: dict[str, str], installer: Installer, first: str
) -> None:
    found = plan(files).dependencies
    assert (found.installer, found.files[0]) == (installer, first)
    assert found.names == {"flask"}


def test_a_lock_file_that_is_none_is_said() -> None:
    with pytest.raises(UsageError, match=r"uv\.lock: "):
        plan({"uv.lock": "[[package\n", "pyproject.toml": ""})


SETUP = (
    "from setuptools import setup\n"
    "setup(name='shop', install_requires=['flask', 'psycopg2>=2.9'], python_requires='>=3.9')\n"
)


@pytest.mark.parametrize(
    "files",
    [
        {"setup.py": SETUP},
        {"setup.py": SETUP, "pyproject.toml": "[tool.ruff]\nline-length = 99\n"},
        {
            "pyproject.toml": "[build-system]\nrequires = ['setuptools']\n",
            "setup.cfg": "[options]\ninstall_requires =\n    flask\n    psycopg2 >= 2.9\n",
        },
    ],
)
def test_what_only_setuptools_knows_is_installed_by_it(files: dict[str, str]) -> None:
    made = plan(files)
    assert made.dependencies.installer is Installer.BACKEND
    assert made.dependencies.names == {"flask", "psycopg2"}
    assert made.needs.run == ("libpq5",)


def test_what_a_tool_has_to_lock_first_is_said() -> None:
    poetry = "[tool.poetry.dependencies]\npython = '^3.11'\nflask = '^3'\n"
    with pytest.raises(UsageError, match=r"Poetry's form, and there is no poetry\.lock") as caught:
        plan({"pyproject.toml": poetry})
    assert "poetry lock" in caught.value.hint
    assert plan({"pyproject.toml": poetry, "poetry.lock": LOCK}).dependencies.names == {"flask"}
    # pip would take the package `core` of the public index instead.
    workspace = (
        "[project]\ndependencies = ['flask', 'Core']\n"
        "[tool.uv.sources]\ncore = {workspace = true}\n"
    )
    with pytest.raises(UsageError, match=r"where Core comes from") as caught:
        plan({"pyproject.toml": workspace})
    assert "uv lock" in caught.value.hint


def test_members_of_a_workspace_are_where_the_lock_file_says() -> None:
    lock = (
        LOCK + '[[package]]\nname = "core"\nversion = "1"\n'
        'source = { editable = "packages/core" }\n'
        '[[package]]\nname = "gone"\nversion = "1"\nsource = { editable = "../elsewhere" }\n'
    )
    found = plan(
        {"uv.lock": lock, "pyproject.toml": "", "packages/core/pyproject.toml": ""}
    ).dependencies
    assert found.members == ("packages/core",)


@pytest.mark.parametrize(
    ("files", "build"),
    [
        ({"requirements.txt": "mine @ git+https://git.example/mine.git@v1\n"}, ("git",)),
        ({"requirements.txt": "-e git+https://git.example/mine.git#egg=mine\n"}, ("git",)),
        ({"requirements.txt": "mine @ https://files.example/mine-1-py3-none-any.whl\n"}, ()),
        (
            {"pyproject.toml": "[project]\ndependencies = ['m @ git+https://git.example/m']\n"},
            ("git",),
        ),
        (
            {
                "pyproject.toml": "",
                "uv.lock": LOCK + '[[package]]\nname = "m"\nversion = "1"\n'
                'source = { git = "https://git.example/m?rev=v1#' + "ab" * 20 + '" }\n',
            },
            ("git",),
        ),
    ],
)
def test_git_is_there_for_what_is_cloned(files: dict[str, str], build: tuple[str, ...]) -> None:
    assert plan(files).needs.build == build


def test_hashes_count_only_if_everything_has_one() -> None:
    hashed = "flask==3.1 \\\n    --hash=sha256:aa\nclick==8 --hash=sha256:bb\n"
    assert plan({"requirements.txt": hashed}).dependencies.is_hashed
    assert not plan({"requirements.txt": hashed + "six==1.0\n"}).dependencies.is_hashed


def test_the_server_is_added_where_the_project_has_none() -> None:
    assert [pin.name for pin in plan({"requirements.txt": "flask\n"}).server.adds] == ["gunicorn"]
    assert plan({"requirements.txt": "flask\nGunicorn==23\n"}).server.adds == ()
    asgi = {"app.py": "import fastapi\napp = fastapi.FastAPI()\n"}
    added = plan({**asgi, "requirements.txt": "fastapi\nuvicorn\n"}).server.adds
    assert [pin.name for pin in added] == ["gunicorn", "uvicorn-worker"]
    hashed = {**asgi, "requirements.txt": "fastapi==1 --hash=sha256:a\nclick==8 --hash=sha256:b\n"}
    added = plan(hashed).server.adds
    assert [pin.name for pin in added] == ["gunicorn", "h11", "uvicorn", "uvicorn-worker"]


def test_libraries_of_the_system_come_with_what_needs_them() -> None:
    needs = plan({"requirements.txt": "psycopg2==2.9\nlxml==5\n"}).needs
    assert needs.build == ("build-essential", "libpq-dev")
    assert needs.run == ("libpq5",)
    assert plan({"requirements.txt": "psycopg2-binary==2.9\n"}).needs.build == ()


def test_libraries_are_named_as_the_bases_debian_names_them() -> None:
    files = {"requirements.txt": "python-ldap\ngdal\n"}
    assert plan(files).needs.run == ("libgdal36", "libldap2", "libsasl2-2")
    bookworm = plan(files, Wishes(base="python:3.12-slim-bookworm")).needs.run
    assert bookworm == ("libgdal32", "libldap-2.5-0", "libsasl2-2")


def test_own_code_in_c_is_compiled_where_it_is_left_behind() -> None:
    made = plan(
        {"setup.py": "from setuptools import Extension\nsetup(ext_modules=[Extension('x')])\n"}
    )
    assert made.needs.build == ("build-essential",)
    assert (made.installs_itself, made.copies_sources) == (True, True)
    package = {"shop/__init__.py": APP, "app.py": "", "setup.py": "Extension('shop._fast', [])"}
    assert not plan(package).copies_sources


SETTINGS = (
    "import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).parent\n"
    "SECRET_KEY = os.environ['SECRET_KEY']\nSTATIC_URL = 'assets/'\nSTATIC_ROOT = {root}\n"
)
DJANGO = {
    "app.py": "",
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 's.settings')\n",
    "s/wsgi.py": "from django.core.wsgi import get_wsgi_application as g\napplication = g()\n",
}


def test_djangos_static_files_are_collected_and_served() -> None:
    made = plan({**DJANGO, "s/settings.py": SETTINGS.format(root="BASE_DIR / 'out'")})
    assert made.collects_static
    assert made.static == (("/assets/", "/app/out"),)
    assert dict(made.build_env) == {"SECRET_KEY": "only-for-the-build"}
    with_whitenoise = {
        **DJANGO,
        "s/settings.py": SETTINGS.format(root="os.path.join(BASE_DIR, 'out')"),
        "requirements.txt": "django\nwhitenoise\n",
    }
    made = plan(with_whitenoise)
    assert (made.collects_static, made.static) == (True, ())
    unclear = plan({**DJANGO, "s/settings.py": SETTINGS.format(root="find_root()")})
    assert unclear.static == ()
    assert any("STATIC_ROOT is find_root()" in notice for notice in unclear.notices)


SPLIT = {
    "app.py": "",
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 's.settings.dev')\n",
    "s/wsgi.py": "import os\nfrom django.core.wsgi import get_wsgi_application\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 's.settings.prod')\n"
    "application = get_wsgi_application()\n",
    "s/settings/__init__.py": "",
    "s/settings/base.py": SETTINGS.format(root="BASE_DIR / 'out'"),
    "s/settings/dev.py": "from .base import *\nKEY = os.environ['OF_DEVELOPMENT']\n",
    "s/settings/prod.py": "from .base import *\nHOST = os.environ['HOST']\nSTATIC_URL = '/s/'\n",
}


def test_settings_in_several_files_are_one() -> None:
    made = plan(SPLIT)
    assert made.app.settings == "s.settings.prod"
    assert sorted(made.build_env) == ["HOST", "SECRET_KEY"]
    assert made.static == (("/s/", "/app/out"),)


def test_django_in_a_directory_below_is_imported_from_where_manage_py_stands() -> None:
    files = {f"backend/{path}": text for path, text in SPLIT.items()}
    made = plan({"app.py": "", "requirements.txt": "django\n", **files})
    assert (made.app.target, made.app.settings) == ("s.wsgi:application", "s.settings.prod")
    assert (made.source_root, made.manage) == ("/app/backend", "-m django")
    assert made.static == (("/s/", "/app/backend/out"),)


def test_variables_are_found_however_settings_ask_for_them() -> None:
    settings = (
        "import environ\nfrom decouple import config\n"
        "env = environ.Env(DEBUG=(bool, False))\nDEBUG = env('DEBUG')\n"
        "SECRET_KEY = env('KEY')\nN = env.int('N')\nX = env('X', default='x')\n"
        "DATABASES = {'default': env.db()}\nA = config('A')\nB = config('B', cast=bool)\n"
        "C = config('C', default='')\nSTATIC_ROOT = BASE_DIR / 'out'\n"
    )
    made = plan({**DJANGO, "s/settings.py": settings})
    assert dict(made.build_env) == {
        "A": "only-for-the-build",
        "B": "0",
        "DATABASE_URL": "sqlite://:memory:",
        "KEY": "only-for-the-build",
        "N": "0",
    }


def test_a_health_endpoint_of_djangos_has_to_let_the_check_in() -> None:
    urls = "from django.urls import path\nurlpatterns = [path('health', print)]\n"
    for hosts, is_said in (("['shop.example']", True), ("['*']", False)):
        files = {**DJANGO, "s/urls.py": urls, "s/settings.py": f"ALLOWED_HOSTS = {hosts}\n"}
        notices = plan(files).notices
        assert any("ALLOWED_HOSTS has to have them" in item for item in notices) is is_said


def test_names_are_fit_for_every_file_that_has_them() -> None:
    for directory, name in (("2048", "app-2048"), ("x" * 80, "x" * 63), ("___", "app")):
        texts = {"app.py": APP}
        project = Project(name=directory, texts=texts, paths=frozenset(texts))
        assert make_plan(project, NO_WISHES, today=TODAY).name == name
    assert plan({}).name == "my-shop"
    assert plan({}, Wishes(name="other")).name == "other"
    for name in ("Foo Bar/x", "2048", "x" * 64, "a-", "a\nb"):
        with pytest.raises(UsageError, match="takes no service of that name"):
            plan({}, Wishes(name=name))


def test_channels_get_a_library_that_speaks_websocket() -> None:
    asgi = "from channels.routing import ProtocolTypeRouter\napplication = ProtocolTypeRouter({})\n"
    files = {"app.py": asgi, "requirements.txt": "channels[daphne]==4.1\n"}
    assert [pin.name for pin in plan(files).server.adds] == [
        *("gunicorn", "uvicorn", "uvicorn-worker", "wsproto"),
    ]
    files["requirements.txt"] += "websockets==15.0\n"
    assert "wsproto" not in [pin.name for pin in plan(files).server.adds]


def test_clients_of_socket_io_find_their_session_in_the_one_worker() -> None:
    server = plan({"requirements.txt": "Flask-SocketIO==5.5\n"}).server
    assert (server.workers, server.threads) == (1, 100)
    assert plan({"requirements.txt": "flask==3.1\n"}).server.workers == 2
