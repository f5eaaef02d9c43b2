from __future__ import annotations

from jettison.lint.rules import jt6003_privilege_escalation
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt6003_privilege_escalation.RULE
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
            allowPrivilegeEscalation: true
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
    security_opt:
      - label:disable
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
            allowPrivilegeEscalation: false
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    security_opt:
      - no-new-privileges:true
""",
        },
    )
