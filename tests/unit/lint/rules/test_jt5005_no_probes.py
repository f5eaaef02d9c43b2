from __future__ import annotations

from jettison.lint.rules import jt5005_no_probes
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt5005_no_probes.RULE
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
          livenessProbe: {exec: {command: [x]}}
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
          livenessProbe: &ask
            httpGet: {path: /health, port: 8000}
          readinessProbe: *ask
""",
        },
        {
            "job.yaml": """\
apiVersion: batch/v1
kind: Job
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
            "compose.yaml": """\
services:
  web:
    image: app:1
""",
        },
        {
            "other.yaml": "a: 1\n",
        },
    )
