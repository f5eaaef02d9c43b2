"""Exits with 0 if the app says that it is healthy."""

import sys
import urllib.request

with urllib.request.urlopen("http://127.0.0.1:5000/health", timeout=3) as answer:
    sys.exit(0 if b"OK" in answer.read() else 1)
