from __future__ import annotations

from jettison.lint.rules import jt6002_writable_root
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt6002_writable_root.RULE
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
          image: app:1
          securityContext:
            readOnlyRootFilesystem: false
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
            "compose.yaml": """\
services:
  web:
    image: app:1
    read_only: false
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
          image: app:1
          securityContext:
            readOnlyRootFilesystem: true
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    read_only: true
    tmpfs:
      - /tmp
""",
        },
    )
