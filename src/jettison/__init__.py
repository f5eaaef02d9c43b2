"""jettison: from a Python web app or any container image to a small, hardened, proven one."""

__version__ = "0.1.0"
