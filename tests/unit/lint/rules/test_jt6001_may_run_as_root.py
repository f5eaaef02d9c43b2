from __future__ import annotations

from jettison.lint.rules import jt6001_may_run_as_root
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt6001_may_run_as_root.RULE
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
            runAsNonRoot: false
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
        runAsNonRoot: true
      containers:
        - name: web
          image: app:1
          securityContext:
            runAsUser: 0
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    user: "0:0"
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
            runAsNonRoot: true
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
        runAsNonRoot: true
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
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    user: "999"
""",
        },
    )
