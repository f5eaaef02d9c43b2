from __future__ import annotations

from jettison.lint.rules import jt6006_no_limits
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt6006_no_limits.RULE
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
          resources:
            limits:
              memory: 1Gi
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
          resources:
            requests:
              cpu: 100m
              memory: 1Gi
            limits:
              memory: 1Gi
""",
        },
        # A limit is a request where there is none.
        {
            "deploy.yaml": """\
apiVersion: v1
kind: Pod
spec:
  containers:
    - name: web
      image: app:1
      resources: {limits: {cpu: 1, memory: 1Gi}}
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    mem_limit: 512m
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    deploy:
      resources:
        limits:
          memory: 512M
""",
        },
    )
