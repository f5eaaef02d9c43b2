"""A WSGI app of the standard library that says what its entrypoint set up."""

import argparse
import configparser
import json
import os
import signal
import sys
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    make_server("0.0.0.0", options.port, app).serve_forever()
