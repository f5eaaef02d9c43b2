"""Submit a job and print its result: submit.py KIND TEXT."""

import os
import pathlib
import sys
import time

spool = pathlib.Path(os.environ["SPOOL"])
kind, text = sys.argv[1:]
name = f"{os.getpid():04}.{kind}"
(spool / "in" / f".{name}").write_text(text)
(spool / "in" / f".{name}").rename(spool / "in" / name)
end = time.monotonic() + 20
while not (spool / "out" / name).exists():
    if time.monotonic() > end:
        sys.exit("no result")
    time.sleep(0.02)
print((spool / "out" / name).read_text())
