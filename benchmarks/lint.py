#!/usr/bin/env python3
"""How long a thousand Dockerfiles take to lint, without hadolint.

    .venv/bin/python benchmarks/lint.py [COUNT]

Each stands in a directory of its own, with requirements and a source, as projects do. The bound
is ten seconds for a thousand.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

_REPOSITORY: Final = Path(__file__).resolve().parents[1]
_JETTISON: Final = _REPOSITORY / ".venv/bin/jettison"
_BOUND_S: Final = 10.0
_DOCKERFILE: Final = """\
# syntax=docker/dockerfile:1
ARG VERSION=3.{minor}
FROM python:${{VERSION}}-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev
WORKDIR /srv/app
RUN python -m venv /srv/app/venv
ENV PATH="/srv/app/venv/bin:$PATH"
COPY requirements.txt .
RUN pip install -r requirements.txt

FROM python:${{VERSION}}-slim
RUN groupadd -g 999 app && useradd -r -u 999 -g app app
RUN mkdir /srv/app && chown app:app /srv/app
WORKDIR /srv/app
COPY --chown=app:app --from=build /srv/app/venv ./venv
COPY --chown=app:app . .
USER {user}
ENV PATH="/srv/app/venv/bin:$PATH" NUMBER={number}
EXPOSE 8000
HEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1
CMD gunicorn --bind 0.0.0.0:8000 main:app
"""
_SOURCE: Final = """\
from flask import Flask

app = Flask(__name__)


@app.get("/health")
def health():
    return {{"number": {number}}}


if __name__ == "__main__":
    app.run(debug=True)
"""


def main() -> None:
    """Write the projects, lint them all at once, print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory(prefix="jt-bench-lint-") as name:
        root = Path(name)
        for number in range(count):
            _project(root / f"p{number:05}", number)
        argv = [str(_JETTISON), "lint", "--no-hadolint", "--format", "json", str(root)]
        started = time.perf_counter()
        done = subprocess.run(argv, capture_output=True, check=False)
        seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = usage.ru_utime + usage.ru_stime
    totals = json.loads(done.stdout)["totals"]
    found = totals["error"] + totals["warning"] + totals["info"]
    print(f"lint: {totals['files']} Dockerfiles, {found} findings")
    print(f"  {seconds:.2f} s, {cpu:.2f} s of it CPU")
    allowed = _BOUND_S * count / 1000
    print(f"  {seconds / allowed:.2f} of the {allowed:.0f} s allowed")


def _project(directory: Path, number: int) -> None:
    directory.mkdir()
    user = "999" if number % 3 else "root"
    text = _DOCKERFILE.format(minor=11 + number % 4, user=user, number=number)
    (directory / "Dockerfile").write_text(text)
    (directory / "requirements.txt").write_text("flask==3.1.0\ngunicorn>=22\n")
    (directory / "main.py").write_text(_SOURCE.format(number=number))


if __name__ == "__main__":
    main()
