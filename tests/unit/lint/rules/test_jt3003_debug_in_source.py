from __future__ import annotations

from jettison.lint.rules import jt3003_debug_in_source
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt3003_debug_in_source.RULE
    CAUGHT = (
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY main.py /
""",
            "main.py": """\
from flask import Flask

app = Flask(__name__)

if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000, debug=True)
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY . /app
""",
            "site/settings.py": """\
ROOT_URLCONF = "a"
DEBUG = True
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY . .
""",
            "m.py": """\
import uvicorn
uvicorn.run('a:b', reload=True)
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY . .
""",
            "m.py": "app.debug = True\n",
        },
    )
    CLEAN = (
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY main.py /
""",
            "main.py": """\
from flask import Flask

app = Flask(__name__)

if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY . .
""",
            "settings.py": """\
import os
ROOT_URLCONF = 'a'
DEBUG = os.environ.get('DEBUG') == '1'
""",
            "tests/test_a.py": "app.run(debug=True)\n",
            ".dockerignore": "dev.py\n",
            "dev.py": "app.run(debug=True)\n",
        },
        {
            "Dockerfile": "FROM python:3.13-slim\n",
            "main.py": "app.run(debug=True)\n",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY . .
""",
            "bad.py": "def (debug:\n",
        },
    )
