"""Takes jobs from a directory and writes their results into another, until it is told to stop."""

import hashlib
import logging
import os
import signal
import tempfile
import threading
from pathlib import Path

SPOOL = Path(os.environ.get("SPOOL", Path(tempfile.gettempdir()) / "spool"))
stopping = threading.Event()


def work(job: Path, results: Path) -> None:
    digest = hashlib.sha256(job.read_bytes()).hexdigest()
    (results / f"{job.name}.sha256").write_text(f"{digest}\n")
    job.unlink()
    logging.info("done: %s", job.name)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    jobs, results = SPOOL / "jobs", SPOOL / "results"
    for directory in (jobs, results):
        directory.mkdir(parents=True, exist_ok=True)
    logging.info("waiting for jobs in %s", jobs)
    while not stopping.wait(0.5):
        for job in sorted(jobs.iterdir()):
            work(job, results)
    logging.info("stopped")


if __name__ == "__main__":
    main()
