"""Dockerfiles as tutorials print them: each mistake is found, what they do right is not held
against them."""

from __future__ import annotations

import pytest

from jettison.dockerfile.parsing import parse
from jettison.lint.fixes import fixed
from support.linting import Files, codes, lint

DIGEST = "@sha256:" + "5e" * 32
SLIM = f"python:3.11-slim{DIGEST}"
SERVER = (
    "from flask import Flask\nweb = Flask(__name__)\n\n"
    "if __name__ == '__main__':\n    web.run(host='0.0.0.0', port=1400, debug=True)\n"
)
PROJECT = {"requirements.txt": "Flask\n", "serve.py": SERVER}
BUILD = """\
FROM python:3.11-slim as wheels
RUN apt-get update
RUN apt-get install -y --no-install-recommends \\
\t      build-essential gcc

WORKDIR /srv/web
RUN python -m venv /srv/web/env
ENV PATH="/srv/web/env/bin:$PATH"

COPY requirements.txt .
RUN pip install -r requirements.txt

"""
SERVE = 'CMD [ "gunicorn", "--bind", "0.0.0.0:6000", "serve:web" ]\n'
ACCOUNT = "RUN groupadd -g 998 web && \\\n    useradd -r -u 998 -g web web\n"
OWNED = (
    f"FROM {SLIM}\n\n{ACCOUNT}\nRUN mkdir /srv/web && chown web:web /srv/web\nWORKDIR /srv/web\n\n"
    "COPY --chown=web:web --from=wheels /srv/web/env ./env\nCOPY --chown=web:web . .\n\n"
    'USER 998\n\nENV PATH="/srv/web/env/bin:$PATH"\n'
)

CASES: dict[str, tuple[Files, set[str], set[str]]] = {
    "five lines": (
        {
            "Dockerfile": "FROM python\nWORKDIR /srv/web\nCOPY . .\n"
            'RUN pip install -r requirements.txt\nCMD [ "python", "serve.py" ]\n',
            **PROJECT,
        },
        {"JT1001", "JT1004", "JT2001", "JT2002", "JT2003", "JT2006", "JT3001", "JT3003"}
        | {"JT4001", "JT5001"},
        {"JT1002", "JT3004", "JT5006", "JT2005", "JT2008"},
    ),
    "the same, pinned": (
        {
            "Dockerfile": f"FROM {SLIM}\nWORKDIR /srv/web\nCOPY . .\n"
            'RUN pip install -r requirements.txt\nCMD [ "python", "serve.py" ]\n',
            **PROJECT,
        },
        {"JT2001", "JT2002", "JT3001", "JT4001"},
        {"JT1001", "JT1002", "JT1003", "JT1004", "JT1005", "JT1006"},
    ),
    "dependencies first": (
        {
            "Dockerfile": f"FROM {SLIM}\nWORKDIR /srv/web\n\nCOPY requirements.txt .\n"
            'RUN pip install -r requirements.txt\n\nCOPY . .\nCMD [ "python", "serve.py" ]\n',
            **PROJECT,
        },
        {"JT2002", "JT2003", "JT3001", "JT3003", "JT4001", "JT5001"},
        {"JT2001", "JT1003"},
    ),
    "another language's stages": (
        {
            "Dockerfile": "FROM node:latest AS deps\nARG REGISTRY_TOKEN\nWORKDIR /srv\n"
            "COPY package*.json /srv/\nRUN npm install\n\n"
            f"FROM node:lts-alpine{DIGEST}\nWORKDIR /srv\n"
            'COPY --from=deps /srv/node_modules /srv/node_modules\nCOPY . .\nCMD ["node", "a.js"]\n'
        },
        {"JT1002", "JT3005", "JT4001", "JT5001"},
        {"JT1004", "JT2001", "JT2008", "JT2010", "JT3001"},
    ),
    "an environment that moves": (
        {
            "Dockerfile": BUILD + f"FROM {SLIM}\nWORKDIR /srv/web/env\n"
            "COPY --from=wheels /srv/web/env ./env\nCOPY . .\n\n"
            'ENV PATH="/srv/web/env/bin:$PATH"\nCMD [ "python", "serve.py" ]\n',
            **PROJECT,
        },
        {"JT1003", "JT2002", "JT2008", "JT2009", "JT2011", "JT2012", "JT3001", "JT4001", "JT5001"},
        {"JT2001", "JT2005", "JT2010", "JT1004"},
    ),
    "a server for production": (
        {
            "Dockerfile": BUILD + f"FROM {SLIM}\nWORKDIR /srv/web\n"
            "COPY --from=wheels /srv/web/env ./env\nCOPY . .\n\n"
            'ENV PATH="/srv/web/env/bin:$PATH"\n' + SERVE,
            **PROJECT,
        },
        {"JT4001", "JT5001"},
        {"JT2008", "JT2009", "JT3001", "JT3004", "JT5006"},
    ),
    "a user too early": (
        {
            "Dockerfile": BUILD + f"FROM {SLIM}\n\n{ACCOUNT}USER 998\nWORKDIR /srv/web\n\n"
            "COPY --from=wheels /srv/web/env ./env\nCOPY . .\n\n"
            'ENV PATH="/srv/web/env/bin:$PATH"\n' + SERVE,
            **PROJECT,
        },
        {"JT4003", "JT4007", "JT5001"},
        {"JT4001", "JT4002", "JT2009"},
    ),
    "files owned right": (
        {"Dockerfile": BUILD + OWNED + SERVE, **PROJECT},
        {"JT5001"},
        {"JT4001", "JT4002", "JT4003", "JT4004", "JT4006", "JT4007", "JT2008", "JT2009"},
    ),
    "a check by a program that is not there": (
        {
            "Dockerfile": BUILD + OWNED + SERVE + "HEALTHCHECK --interval=30s --timeout=30s "
            "--start-period=5s --retries=3 CMD curl -f http://localhost:6000/health\n",
            **PROJECT,
        },
        {"JT5002"},
        {"JT5001", "JT5003", "JT5004"},
    ),
    "latest, for a demonstration": (
        {
            "Dockerfile": "FROM python:latest\n\nCOPY ./web /web\n\n"
            "RUN pip install -r /web/requirements.txt\n\nEXPOSE 1400\n\n"
            'ENTRYPOINT ["python","/web/serve.py"]\n\n',
            "web/requirements.txt": "Flask\n",
            "web/serve.py": SERVER,
        },
        {"JT1002", "JT1004", "JT2001", "JT2002", "JT2003", "JT2006", "JT3001", "JT3003"}
        | {"JT4001", "JT5001"},
        {"JT3004", "JT5006", "JT5003"},
    ),
    "one probe of three": (
        {
            "pod.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: web\n"
            f"    image: web{DIGEST}\n    livenessProbe:\n      httpGet:\n"
            "        path: /health\n        port: 6000\n      initialDelaySeconds: 5\n"
        },
        {"JT5005", "JT6001", "JT6002", "JT6003", "JT6004", "JT6005", "JT6006"},
        {"JT6007", "JT6008"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_mistakes_are_found_and_good_practice_is_not(name: str) -> None:
    files, wrong, right = CASES[name]
    found = codes(files)
    assert wrong - found == set()
    assert right & found == set()


@pytest.mark.parametrize("name", [name for name in CASES if "Dockerfile" in CASES[name][0]])
def test_what_can_be_put_right_is_put_right_in_the_end(name: str) -> None:
    files = dict(CASES[name][0])
    for _ in range(5):
        changed = fixed(lint(files), files)
        if not changed:
            break
        files |= changed
    left = lint(files)
    assert not [item for item in left if item.is_fixable]
    assert len(left) < len(lint(CASES[name][0]))
    before = [item.name for item in parse(CASES[name][0]["Dockerfile"]).instructions()]
    after = [item.name for item in parse(files["Dockerfile"]).instructions()]
    assert set(before) == set(after)
