from __future__ import annotations

from jettison.lint.rules import jt3005_secret_in_image
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt3005_secret_in_image.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
ARG INDEX_TOKEN
RUN pip config set x $INDEX_TOKEN
""",
        """\
FROM python:3.13-slim
ENV DB_PASSWORD=hunter2
""",
        """\
ARG API_KEY
FROM a:1
""",
        """\
FROM python:3.13-slim
ENV SECRET_KEY $X
""",
        """\
FROM python:3.13-slim
ENV DATABASE_URL=postgres://shop:hunter2@db/shop
""",
        """\
FROM python:3.13-slim
ARG PIP_INDEX_URL=https://ci:hunter2@pypi.example/simple
""",
        """\
FROM python:3.13-slim
RUN pip install --no-cache-dir --index-url https://ci:hunter2@pypi.example/simple flask==3.0.0
""",
        """\
FROM python:3.13-slim
ENV DB_PASSWORD=/9j4AAQSkZJRg
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
RUN --mount=type=secret,id=index_token pip config set x "$(cat /run/secrets/index_token)"
""",
        """\
FROM python:3.13-slim
ENV DB_PASSWORD_FILE=/run/secrets/db TOKEN_URL=/token
ARG PIP_INDEX_URL
""",
        """\
FROM python:3.13-slim
ENV DB_PASSWORD=
""",
        """\
FROM python:3.13-slim
ARG PASS
ENV DATABASE_URL=postgres://shop@db:5432/shop CACHE=redis://cache:6379/0
ENV QUEUE=amqp://shop:${PASS}@queue/ MAIL=mailto:someone@example.com
""",
        """\
FROM python:3.13-slim
ENV TOKENIZERS_PARALLELISM=false
""",
        # Switches, paths, and settings that are about secrets.
        """\
FROM python:3.13-slim
ARG CORS_ALLOW_CREDENTIALS=true
ENV CORS_ALLOW_CREDENTIALS=true MYSQL_ALLOW_EMPTY_PASSWORD="yes"
ENV GOOGLE_APPLICATION_CREDENTIALS=/run/secrets/gcp.json PRIVATE_KEY=/etc/ssl/private/app.key
ENV PASSWORD_HASHERS=argon2 AUTH_PASSWORD_VALIDATORS=x PASSWORD_RESET_TIMEOUT=3600
ENV JWT_TOKEN_LIFETIME=300 TOKEN_AUDIENCE=api TOKEN_ISSUER=https://id.example TOKEN_TYPE=bearer
ENV ACCESS_TOKEN_EXPIRE_MINUTES=30
""",
        """\
FROM python:3.13-slim
RUN --mount=type=secret,id=t pip install -i https://ci:$(cat /run/secrets/t)@pypi.example/ a==1
RUN curl -fsS http://127.0.0.1:8000/users/@me
""",
    )
