"""How gunicorn serves fastapi-app in a container; every line can be changed."""

import os

bind = "0.0.0.0:8000"
worker_class = "uvicorn_worker.UvicornWorker"
# One container is one unit of scaling; more of them is better than more of these.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
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


class _Health:
    """Answers /health in a worker itself: it shows that workers take requests and have the app."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"] != "/health":
            await self.app(scope, receive, send)
            return
        body = b"healthy\n"
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def post_worker_init(worker):
    worker.wsgi = _Health(worker.wsgi)
