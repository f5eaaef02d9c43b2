"""Takes jobs from a spool directory: NNNN.KIND is handled by the module jobs.KIND.

A name that begins with a dot is a job that is still being written.
"""

import importlib
import os
import pathlib
import signal
import threading

SPOOL = pathlib.Path(os.environ["SPOOL"])
stopping = threading.Event()


def handle(path):
    kind = path.suffix.removeprefix(".")
    module = importlib.import_module(f"jobs.{kind}")
    result = module.work(path.read_text().strip())
    done = SPOOL / "out" / f"{path.name}.part"
    done.write_text(result)
    done.rename(done.with_suffix(""))
    path.unlink()
    print(f"{path.name}: done", flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    print("worker: ready", flush=True)
    while not stopping.wait(0.1):
        for path in sorted((SPOOL / "in").glob("[0-9]*.*")):
            handle(path)
    # The record of the last shutdown is written by a module that nothing else needs.
    import json

    (SPOOL / "out" / "stopped.json").write_text(json.dumps({"stopped": True}))
    print("worker: stopped", flush=True)


if __name__ == "__main__":
    main()
