"""Whatever a Dockerfile says, the rules come to an end, and so do the fixes."""

from __future__ import annotations

import random

import pytest

from jettison.dockerfile import DockerfileError
from jettison.dockerfile.parsing import parse
from jettison.lint.fixes import fixed
from support.linting import lint

LINES = (
    *("FROM a", "FROM python:3.9 AS b", "FROM b", "FROM python:latest as c", "FROM $X"),
    *("ARG X", "ARG X=1 Y", "ENV A=1 B=$A", "ENV PATH /x/bin:$PATH", "ENV PATH=$X:/y"),
    *("RUN pip install", "RUN pip install -r", "RUN pip install -r r.txt", "RUN pip", "RUN"),
    *('RUN python -m pip install "a b" \\\n c', "RUN []", 'RUN ["pip","install","x"]'),
    *("RUN <<EOF\npip install x\napt-get update\nEOF", "RUN pip install x || true ;", 'RUN "a'),
    *("RUN apt-get update", "RUN apt-get install -y gcc sudo", "RUN apt-get install", "RUN '"),
    *("RUN chmod 777", "RUN chmod", "RUN python -m venv", "RUN python -m venv /opt/venv"),
    *("RUN uv venv", "RUN uv sync", "RUN poetry install", "RUN mkdir /x && chown a /x"),
    *("COPY . .", "COPY a b /", "COPY <<E /x\nabc\nE", 'COPY ["a b","c"]', "COPY --from=0 /v /v"),
    *("COPY --from=b /opt/venv ./v", "COPY --chown=1 --chmod=777 . .", "ADD http://x/y /z"),
    *("USER 0", "USER $X", 'USER ""', "USER a:b", "WORKDIR x", "WORKDIR $X/y", "WORKDIR ../.."),
    *("EXPOSE $X 80-90 x/tcp", "EXPOSE 99999999999999999999", "VOLUME /x", "STOPSIGNAL 9"),
    *("HEALTHCHECK NONE", "HEALTHCHECK none", "HEALTHCHECK --interval=3s CMD curl x"),
    *('HEALTHCHECK CMD ["curl","http://localhost"]', "CMD []", "CMD gunicorn -b", 'CMD "open'),
    *("CMD python", "CMD python -m", 'ENTRYPOINT ["sh","-c","flask run"]', "ENTRYPOINT exec"),
    *("CMD python m.py", "CMD python manage.py runserver ::", 'SHELL ["/bin/bash","-c"]'),
    *("ONBUILD RUN pip install x", "ONBUILD COPY . .", "MAINTAINER x", "LABEL a=b"),
)
BASES = ("a:1", "python:3.13-slim", "python", "scratch", "$X", "alpine:3", "${X:-b}", '"q"')
SOURCES = ("app.run()", "x", "def (", 'import sqlite3\nsqlite3.connect("x")')
REQUIREMENTS = ("flask\n", "-r r.txt\n", "a==1 \\\n", "=\n-e .\n")


@pytest.mark.parametrize("seed", range(4))
def test_rules_and_fixes_end_on_anything(seed: int) -> None:
    chosen = random.Random(seed)
    read = 0
    for _ in range(40):
        lines = [f"FROM {chosen.choice(BASES)}"]
        lines += [chosen.choice(LINES) for _ in range(chosen.randint(1, 12))]
        text = "\n".join(lines) + "\n"
        if chosen.random() < 0.1:
            text = text.replace("\n", "\r\n")
        if chosen.random() < 0.1:
            text = f"# escape=`\n{text}"
        files = {
            "Dockerfile": text,
            "r.txt": chosen.choice(REQUIREMENTS),
            "m.py": chosen.choice(SOURCES),
            ".dockerignore": chosen.choice(("*", "[", "!", "\n", ".git\r\n")),
        }
        try:
            parse(text)
        except DockerfileError:
            continue
        read += 1
        for _ in range(8):
            changed = fixed(lint(files), files)
            if not changed:
                break
            files |= changed
        assert not any(item.is_fixable for item in lint(files)), text
    assert read > 15
