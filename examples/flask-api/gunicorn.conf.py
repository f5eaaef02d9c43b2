"""How gunicorn serves flask-api in a container; every line can be changed."""

import os

bind = "0.0.0.0:8000"
worker_class = "gthread"
# One container is one unit of scaling; more of them is better than more of these.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60
# Shorter than the 30 s that Kubernetes waits before it kills; Docker waits 10 s unless told.
graceful_timeout = 25
keepalive = 5
# The workers' heartbeat must not wait for a disk, and the root file system is read-only.
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
accesslog = "-"
errorlog = "-"
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
