"""`python -m jettison`, the same program as `jettison`."""

from jettison.cli.start import run

if __name__ == "__main__":
    run()
