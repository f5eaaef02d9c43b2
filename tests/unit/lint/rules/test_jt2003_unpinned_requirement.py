from __future__ import annotations

from jettison.lint.rules import jt2003_unpinned_requirement
from support.linting import RuleContract, lint


class TestRule(RuleContract):
    RULE = jt2003_unpinned_requirement.RULE
    CAUGHT = (
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
""",
            "requirements.txt": """\
# web
flask
gunicorn>=22
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY reqs /r/
RUN pip install -r /r/prod.txt
""",
            "reqs/prod.txt": "-r base.txt\n",
            "reqs/base.txt": "flask==3.*\n",
        },
        """\
FROM python:3.13-slim
RUN pip install --no-cache-dir flask
""",
    )
    CLEAN = (
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
""",
            "requirements.txt": """\
# web
flask==3.1.0
gunicorn==23.0.0 ; python_version > "3"
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY r.txt c.txt ./
RUN pip install -c c.txt flask
""",
            "c.txt": "flask==3.1.0\n",
        },
        """\
FROM python:3.13-slim
RUN pip install --upgrade pip
""",
        """\
FROM python:3.13-slim
COPY . .
RUN pip install .
""",
        """\
FROM python:3.13-slim
COPY x.whl /
RUN pip install /x.whl
""",
    )


def test_the_line_is_the_one_of_the_file() -> None:
    found = [item for item in lint(TestRule.CAUGHT[0]) if item.rule == "JT2003"]
    assert [(item.place.file, item.place.line) for item in found] == [
        *(("requirements.txt", 2), ("requirements.txt", 3)),
    ]


def test_the_password_in_an_address_is_not_repeated() -> None:
    address = "git+https://ci:hunter2@git.example/a/b.git"
    files = {
        "Dockerfile": "FROM a:1\nCOPY r.txt /\nRUN pip install -r /r.txt\n"
        f"RUN pip install {address}\n",
        "r.txt": f"{address}\n",
    }
    found = [item for item in lint(files) if item.rule == "JT2003"]
    assert sorted(item.place.line for item in found) == [1, 4]
    assert not any("hunter2" in item.message for item in found)
