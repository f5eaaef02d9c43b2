from __future__ import annotations

import pytest

from jettison.lint.requirements import is_pinned, read_requirements

HASH = "--hash=sha256:" + "a" * 64


def test_lines_continuations_comments_and_included_files() -> None:
    files = {
        "req/prod.txt": "-r base.txt\n-c limits.txt\n# none\n\n"
        f"flask==3.1.0 \\\n    {HASH} \\\n    {HASH}  # why\ndjango  # latest\n--no-binary :all:\n",
        "req/base.txt": "-r prod.txt\nattrs==24.2.0 ; python_version > '3'\n",
        "req/limits.txt": "six\n",
    }
    found = {(line.file, line.line): line for line in read_requirements("req/prod.txt", files.get)}
    assert set(found) == {("req/base.txt", 2), ("req/prod.txt", 5), ("req/prod.txt", 8)}
    assert found["req/base.txt", 2].is_pinned
    assert (found["req/prod.txt", 5].name, found["req/prod.txt", 5].is_hashed) == ("flask", True)
    assert not found["req/prod.txt", 8].is_pinned


@pytest.mark.parametrize(
    ("text", "pinned"),
    [
        ("a==1", True),
        ("a[x]===1.0", True),
        ("a @ https://example.org/a.whl", True),
        ("./local", True),
        ("git+https://example.org/a@" + "0" * 40, True),
        ("git+https://example.org/a@main", False),
        ("a==1.*", False),
        ("a>=1,<2", False),
        ("a~=1.0", False),
        ("a", False),
    ],
)
def test_what_counts_as_pinned(text: str, pinned: bool) -> None:
    assert is_pinned(text) is pinned
