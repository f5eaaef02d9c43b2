from __future__ import annotations

from jettison.lint.rules import jt6007_image_by_tag
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt6007_image_by_tag.RULE
    CAUGHT = (
        {
            "deploy.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: app:1
""",
        },
        {
            "deploy.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: app
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
""",
        },
        {
            "docker-compose.yml": """\
services:
  web:
    image: nginx:latest
""",
        },
    )
    CLEAN = (
        {
            "deploy.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: app:1@sha256:abababababababababababababababababababababababababababababababab
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    build: .
    image: app:1
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: ${IMAGE}
""",
        },
    )
