from __future__ import annotations

from jettison.lint.rules import jt2001_sources_before_dependencies
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt2001_sources_before_dependencies.RULE
    CAUGHT = (
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /srv/app
COPY . .
RUN pip install --no-cache-dir -r requirements.txt
CMD ["python", "main.py"]
""",
            "requirements.txt": "flask==3.1.0\n",
            "main.py": "print()\n",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY ./src /src
RUN pip install -r /src/requirements.txt
""",
            "src/requirements.txt": "flask==3.1.0\n",
            "src/main.py": "\n",
        },
        """\
FROM python:3.13-slim
WORKDIR /a
COPY . .
RUN poetry install --no-root
""",
    )
    CLEAN = (
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /srv/app
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["python", "main.py"]
""",
            "requirements.txt": "flask==3.1.0\n",
            "main.py": "print()\n",
        },
        """\
FROM python:3.13-slim
WORKDIR /a
COPY pyproject.toml poetry.lock ./
RUN poetry install --no-root
COPY . .
""",
        """\
FROM python:3.13-slim
WORKDIR /a
RUN --mount=type=bind,target=. pip install -r requirements.txt
COPY . .
""",
        """\
FROM python:3.13-slim
COPY req/*.txt /req/
RUN pip install -r /req/base.txt
COPY . .
RUN pip install --no-deps .
""",
    )
    FIXED = (
        Fixed(
            {
                "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /srv/app
# everything
COPY . .
# install
RUN pip install --no-cache-dir -r requirements.txt
""",
                "requirements.txt": "flask==3.1.0\n",
                "main.py": "\n",
            },
            """\
FROM python:3.13-slim
WORKDIR /srv/app
# everything
COPY requirements.txt /srv/app/requirements.txt
RUN pip install --no-cache-dir -r requirements.txt
# install
COPY . .
""",
        ),
    )
