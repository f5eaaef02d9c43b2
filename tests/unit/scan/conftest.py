"""An export at hand can be tested against too: the variable names its folder."""

from __future__ import annotations

import os

# Skips are failures in CI, so that file is not even collected there.
collect_ignore = [] if os.environ.get("JETTISON_OSV_EXPORT") else ["test_export.py"]
