from __future__ import annotations

from jettison.lint.rules import jt3001_development_server
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt3001_development_server.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
CMD ["flask", "run", "--host=0.0.0.0"]
""",
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /srv
COPY main.py ./
CMD ["python", "main.py"]
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
COPY ./app /app
ENTRYPOINT ["python", "/app/main.py"]
""",
            "app/main.py": """\
from flask import Flask

app = Flask(__name__)

if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
""",
        },
        """\
FROM python:3.13-slim
CMD python manage.py runserver 0.0.0.0:8000
""",
        # The script prepares and then does what CMD says.
        """\
FROM python:3.13-slim
ENTRYPOINT ["/docker-entrypoint.sh"]
CMD ["python", "manage.py", "runserver", "0.0.0.0:8000"]
""",
        """\
FROM python:3.13-slim
CMD ["python", "-m", "http.server"]
""",
        """\
FROM python:3.13-slim
CMD ["fastapi", "dev", "--host", "0.0.0.0"]
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
CMD ["gunicorn", "--bind", "0.0.0.0:5000", "main:app"]
""",
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY main.py /
CMD ["python", "/main.py"]
""",
            "main.py": """\
import asyncio
asyncio.run(work())
""",
        },
        """\
FROM python:3.13-slim
CMD ["fastapi", "run"]
""",
        """\
FROM python:3.13-slim
RUN python manage.py migrate
CMD ["uvicorn", "--host", "0.0.0.0", "a:b"]
""",
    )
