from __future__ import annotations

from jettison.lint.rules import jt6008_host_opened
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt6008_host_opened.RULE
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
          securityContext:
            privileged: true
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
      hostNetwork: true
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
      volumes:
        - name: s
          hostPath:
            path: /var/run/docker.sock
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
    privileged: true
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    network_mode: host
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    volumes:
      - type: bind
        source: /
        target: /host
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
            privileged: false
""",
        },
        {
            "compose.yaml": """\
services:
  web:
    image: app:1
    volumes:
      - data:/data
      - ./x:/x
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
      volumes:
        - name: s
          emptyDir: {}
      containers:
        - name: web
          image: app:1
""",
        },
    )
