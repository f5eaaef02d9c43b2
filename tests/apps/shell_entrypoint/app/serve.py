"""A WSGI app of the standard library that says what its entrypoint set up."""

import argparse
import configparser
import json
import os
import signal
import threading
from wsgiref.simple_server import make_server


def app(environ, start_response):
    config = configparser.ConfigParser()
    config.read("/run/app/config.ini")
    if environ["PATH_INFO"] == "/rotate":
        import subprocess

        subprocess.run(["/opt/app/rotate.sh", "/run/app/config.ini"], check=True)
        body = {"rotated": sorted(os.listdir("/run/app"))}
    else:
        body = {"title": config["server"]["title"], "pid": os.getpid()}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    server = make_server("0.0.0.0", options.port, app)
    # An exit raised while a request is answered would be taken for the request's own failure.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.1)
