from __future__ import annotations

from jettison.lint.rules import jt3004_loopback
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt3004_loopback.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
CMD ["gunicorn", "--bind", "127.0.0.1:8000", "a:b"]
""",
        """\
FROM python:3.13-slim
CMD ["uvicorn", "a:b", "--port", "8000"]
""",
        """\
FROM python:3.13-slim
CMD flask run
""",
        """\
FROM python:3.13-slim
CMD ["gunicorn", "-blocalhost:80", "a:b"]
""",
        """\
FROM python:3.13-slim
CMD ["python", "manage.py", "runserver", "8000"]
""",
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /srv
COPY . .
CMD ["gunicorn", "a:b"]
""",
            "gunicorn.conf.py": """\
bind = "127.0.0.1:8000"
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY m.py /
CMD ["python", "/m.py"]
""",
            "m.py": "app.run(port=5000)\n",
        },
    )
    CLEAN = (
        """\
FROM python:3.13-slim
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "a:b"]
""",
        """\
FROM python:3.13-slim
CMD ["uvicorn", "a:b", "--host", "0.0.0.0"]
""",
        """\
FROM python:3.13-slim
ENV PORT=80
CMD ["gunicorn", "a:b"]
""",
        """\
FROM python:3.13-slim
CMD ["gunicorn", "--bind", ":8000", "a:b"]
""",
        """\
FROM python:3.13-slim
CMD ["gunicorn", "--bind", "unix:/run/a.sock", "a:b"]
""",
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /srv
COPY . .
CMD ["gunicorn", "a:b"]
""",
            "gunicorn.conf.py": """\
bind = "0.0.0.0:8000"
""",
        },
        """\
FROM python:3.13-slim
ENV FLASK_RUN_HOST=0.0.0.0
CMD ["flask", "run"]
""",
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY m.py /
CMD ["python", "/m.py"]
""",
            "m.py": "app.run('', host='0.0.0.0', port=5000)\n",
        },
    )
