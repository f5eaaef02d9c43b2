"""Names of modules in strings, settings and command lines."""

import pytest

from jettison.analysis.python_names import (
    modules_run,
    names_in_argv,
    names_in_environment,
    names_in_strings,
    names_in_text,
)


def test_strings() -> None:
    found = names_in_strings(
        [
            "django.contrib.admin",
            "rest_framework",
            "app.main:app",
            "proj.wsgi:create_app('prod')",
            "postgresql+psycopg2://user@db/x",
            "redis://cache",
            "two words",
            "file.name-with-dash",
            "/a/path.py",
            "test.py",
            "settings.json",
        ]
    )
    assert sorted(found) == [
        "app.main",
        "django.contrib.admin",
        "postgresql",
        "proj.wsgi",
        "psycopg2",
        "redis",
        "rest_framework",
    ]


def test_text_counts_dotted_names_and_modules_after_options() -> None:
    text = (
        "class: logging.handlers.RotatingFileHandler\n"
        "requests and flask are words, requests.log is a file\n"
        "exec python -m gunicorn -k uvicorn.workers.UvicornWorker app:app\n"
        "see https://example.org/a.b and ./run.this\n"
        "celery -A proj worker\n"
    )
    assert set(names_in_text(text)) == {
        "logging.handlers.RotatingFileHandler",
        "gunicorn",
        "uvicorn.workers.UvicornWorker",
        "proj",
    }


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("python", "-m", "http.server", "80"), {"http.server"}),
        (("uvicorn", "app.main:app", "--port", "80"), {"app.main"}),
        (("gunicorn", "--worker-class=uvicorn.workers.X", "a:b"), {"uvicorn.workers.X", "a"}),
        (("gunicorn", "-k", "gevent", "a:b"), {"gevent", "a"}),
        (("sh", "-c", "exec python -m app.serve"), {"app.serve"}),
        (("python", "server"), set()),
        (("python", "test.py"), set()),
    ],
)
def test_command_lines(argv: tuple[str, ...], expected: set[str]) -> None:
    assert set(names_in_argv(argv)) == expected


def test_environment() -> None:
    found = names_in_environment(["proj.settings", "postgres+asyncpg://db/x", "--worker-class x.y"])
    assert {"proj.settings", "asyncpg", "x.y"} <= set(found)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exec python -m timeit x", ["timeit"]),
        ("python3.11 -u -m json.tool", ["json.tool"]),
        ("/opt/venv/bin/python -Im pdb", ["pdb"]),
        ("grep -m 1 x; mpython -x; python manage.py -m", []),
    ],
)
def test_modules_that_a_shell_script_runs(script: str, expected: list[str]) -> None:
    assert list(modules_run(script)) == expected
