from __future__ import annotations

from jettison.lint.rules import jt6004_capabilities_kept
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt6004_capabilities_kept.RULE
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
            capabilities:
              drop: [NET_RAW]
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
    cap_drop:
      - NET_RAW
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
            capabilities:
              drop:
                - ALL
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    cap_drop:
      - ALL
""",
        },
    )
