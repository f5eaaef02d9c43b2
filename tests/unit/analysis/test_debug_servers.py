from __future__ import annotations

import pytest

from jettison.analysis.debug_servers import (
    find_in_argv,
    find_in_env,
    find_in_source,
    find_python_script,
    split_line,
)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("flask run --host 0.0.0.0", "flask run"),
        ("flask --app shop run", "flask run"),
        ("python3.12 -m flask run", "flask run"),
        ("tini -- flask run", "flask run"),
        ("env FLASK_APP=x flask run", "flask run"),
        ("python manage.py runserver 0.0.0.0:8000", "manage.py runserver"),
        ("./manage.py runserver", "manage.py runserver"),
        ("python -u /srv/manage.py runserver", "manage.py runserver"),
        ("django-admin runserver", "django-admin runserver"),
        ("uvicorn app:app --reload", "uvicorn --reload"),
        ("python -m uvicorn app:app --reload", "uvicorn --reload"),
        ("gunicorn --reload app:app", "gunicorn --reload"),
        ("fastapi dev app/main.py", "fastapi dev"),
        ("python -m http.server 80", "python -m http.server"),
    ],
)
def test_servers_for_development(line: str, what: str) -> None:
    argv = line.split()
    for wrapped in (argv, ["/bin/sh", "-c", f"cd /app && exec {line}"], ["bash", "-lc", line]):
        found = find_in_argv(wrapped)
        assert found is not None, wrapped
        assert found.what == what
        assert not found.is_debugging


@pytest.mark.parametrize(
    "line",
    [
        "gunicorn app:app",
        "uvicorn app:app --host 0.0.0.0",
        "python -m gunicorn shop.wsgi",
        "fastapi run app/main.py",
        "python manage.py migrate",
        "flask db upgrade",
        "celery -A shop worker",
        "sh -c",
        "",
        "echo 'flask run",
    ],
)
def test_other_servers(line: str) -> None:
    assert find_in_argv(line.split()) is None
    assert find_in_argv(["sh", "-c", line]) is None
    assert find_in_argv(["sh", "-c", f"true && flask run; {line}"]) is not None


def test_debuggers() -> None:
    for argv in (
        ["flask", "run", "--debug"],
        ["python", "-m", "debugpy", "--listen", "5678", "app.py"],
        ["python", "manage.py", "runserver_plus"],
    ):
        found = find_in_argv(argv)
        assert found is not None
        assert found.is_debugging


def test_variables() -> None:
    for name, value in (("FLASK_DEBUG", "1"), ("DEBUG", "True"), ("FLASK_ENV", "development")):
        found = find_in_env(name, value)
        assert found is not None
        assert found.is_debugging
    for name, value in (("FLASK_DEBUG", "0"), ("DEBUG", ""), ("FLASK_ENV", "production")):
        assert find_in_env(name, value) is None


@pytest.mark.parametrize(
    ("source", "is_debugging"),
    [
        (b"from flask import Flask\napp = Flask(__name__)\napp.run(debug=True)", True),
        (b"import flask\napp = make()\nif __name__ == '__main__':\n    app.run(port=80)", False),
        (b"import dash\napp = dash.Dash()\napp.run_server(debug=True)", True),
        (b"import uvicorn\nuvicorn.run('app:app', reload=True)", False),
    ],
)
def test_scripts_that_serve(source: bytes, is_debugging: bool) -> None:
    found = find_in_source(source)
    assert found is not None
    assert found[0].is_debugging is is_debugging
    assert found[1] == source.count(b"\n") + 1


@pytest.mark.parametrize(
    "source",
    [
        b"import uvicorn\nuvicorn.run('app:app')",
        b"from flask import Flask\nimport subprocess\nsubprocess.run(['x'])",
        b"import asyncio, flask\nasyncio.run(main())",
        b"print('app.run(debug=True)')",
        b"def run(:",
        b"",
    ],
)
def test_scripts_that_do_not(source: bytes) -> None:
    assert find_in_source(source) is None


def test_what_python_is_given() -> None:
    assert find_python_script(["python", "-u", "-W", "ignore", "app.py", "x"]) == ("app.py", "")
    assert find_python_script(["tini", "--", "python3", "-m", "shop.serve"]) == ("", "shop.serve")
    assert find_python_script(["sh", "-c", "exec python app.py"]) == ("app.py", "")
    assert find_python_script(["python", "-c", "print(1)"]) == ("", "")
    assert find_python_script(["node", "app.js"]) == ("", "")


def test_lines_are_split_as_a_shell_does() -> None:
    assert list(split_line("A=1 x 'a b' && y; (z | w)")) == [
        ("x", "a b"),
        ("y",),
        ("z",),
        ("w",),
    ]
    assert list(split_line("x 'open")) == []
