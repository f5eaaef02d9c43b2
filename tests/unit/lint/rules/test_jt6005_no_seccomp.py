from __future__ import annotations

from jettison.lint.rules import jt6005_no_seccomp
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt6005_no_seccomp.RULE
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
            seccompProfile:
              type: Unconfined
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    security_opt:
      - seccomp:unconfined
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
            seccompProfile:
              type: RuntimeDefault
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
      securityContext:
        seccompProfile:
          type: Localhost
      containers:
        - name: web
          image: app:1
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
""",
        },
    )
