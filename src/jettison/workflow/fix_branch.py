"""Put changed files onto a git branch of their own, and ask for them to be pulled.

The user's checkout stays as it is: the commit is made in a work tree beside it.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jettison.edge import process
from jettison.edge.http import HttpClient, HttpError, Request
from jettison.edge.process import CommandError, Completed, ProcessOptions
from jettison.errors import TransportError, UsageError
from jettison.report.units import count_of

_GIT_S: Final = 120.0
_UNCHECKED: Final = ProcessOptions(check=False)
_LARGEST_BYTES: Final = 4 << 20
# git@github.com:OWNER/NAME.git, https://github.com/OWNER/NAME, ssh://git@…/OWNER/NAME.git
_REPOSITORY: Final = re.compile(r"[:/]([^/:]+/[^/]+?)(?:\.git)?/?\Z")
_API_VERSION: Final = "2022-11-28"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A git checkout with nothing uncommitted.

    Shape: `top` is its directory and `below` the project's path in it; `branch` is the one that is
    checked out, empty for none.
    """

    top: Path
    below: str
    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """Where a pull request is opened, and as whom.

    Shape: `api_url` without a slash at its end; `repository` as OWNER/NAME, empty for what the
    remote's address says.
    """

    api_url: str
    token: str
    repository: str = ""
    remote: str = "origin"


def open_checkout(directory: Path) -> Checkout:
    """The checkout that a project is in.

    Raises: UsageError where it is in none, or where something is not committed.
    """
    try:
        top = Path(_git(directory, "rev-parse", "--show-toplevel").text.strip())
    except CommandError as err:
        raise UsageError(
            f"{directory} is in no git repository", hint="leave --branch out to change the files"
        ) from err
    dirty = _git(directory, "status", "--porcelain").text.splitlines()
    if dirty:
        raise UsageError(
            f"{top}: {count_of(len(dirty), 'file')} not committed, such as {dirty[0][3:]}",
            hint="commit or stash them first, so that the branch has the upgrades alone",
        )
    branch = _git(directory, "branch", "--show-current").text.strip()
    below = directory.resolve().relative_to(top.resolve()).as_posix()
    return Checkout(top=top, below="" if below == "." else below, branch=branch)


def check_branch(checkout: Checkout, branch: str) -> None:
    """Raises: UsageError for a branch that is there, or a name that none can have."""
    named = _git(checkout.top, "check-ref-format", "--branch", branch, options=_UNCHECKED)
    if named.status != 0:
        raise UsageError(f"--branch {branch}: no branch can be called that")
    ref = f"refs/heads/{branch}"
    there = _git(checkout.top, "rev-parse", "--verify", "--quiet", ref, options=_UNCHECKED)
    if there.status == 0:
        raise UsageError(f"--branch {branch}: it is there already", hint="choose another name")


def commit(checkout: Checkout, branch: str, files: Mapping[str, bytes], message: str) -> str:
    """Commit files, by their path in the project, to a new branch; gives the commit's id.

    Raises: CommandError where git refuses; then there is no branch.
    """
    with tempfile.TemporaryDirectory(prefix="jt-branch-") as name:
        tree = Path(name) / "tree"
        _git(checkout.top, "worktree", "add", "--quiet", "-b", branch, str(tree))
        try:
            for path, raw in files.items():
                target = tree / checkout.below / path
                # A file's line ends are part of what must not change.
                target.write_bytes(raw)
                _git(tree, "add", "--", str(target))
            # A message of several lines would fill what is said where a hook refuses.
            said = Path(name) / "message"
            said.write_text(message)
            _git(tree, *_identity(tree), "commit", "--quiet", "--file", str(said))
            return _git(tree, "rev-parse", "HEAD").text.strip()
        except CommandError:
            _git(checkout.top, "worktree", "remove", "--force", str(tree))
            _git(checkout.top, "branch", "--delete", "--force", branch)
            raise
        finally:
            _git(checkout.top, "worktree", "remove", "--force", str(tree), options=_UNCHECKED)


def open_pull_request(
    checkout: Checkout, branch: str, request: PullRequest, *, title: str, body: str
) -> str:
    """Push the branch and open a pull request for it; gives its address.

    Raises: UsageError where it is not clear for which repository; TransportError where the
    remote or GitHub refuses.
    Source: GitHub's REST API, "Create a pull request".
    """
    repository = request.repository or _repository_of(checkout, request.remote)
    try:
        _git(checkout.top, "push", "--quiet", request.remote, f"{branch}:{branch}")
    except CommandError as err:
        raise TransportError(f"git push to {request.remote}: {err.message}") from err
    wanted = {"title": title, "head": branch, "base": checkout.branch or "main", "body": body}
    answer = _post(f"{request.api_url}/repos/{repository}/pulls", wanted, request.token)
    return str(answer.get("html_url") or answer.get("url") or "")


def api_url_of(environ: Mapping[str, str] = os.environ) -> str:
    """GitHub's API as its own actions name it, else the public one."""
    return environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")


def token_of(environ: Mapping[str, str] = os.environ) -> str:
    """The token that GitHub's own tools take.

    Raises: UsageError without one.
    """
    for name in ("GH_TOKEN", "GITHUB_TOKEN"):
        if environ.get(name):
            return environ[name]
    raise UsageError(
        "--pull-request: there is no token",
        hint="set GITHUB_TOKEN to one that may write contents and pull requests",
    )


def _repository_of(checkout: Checkout, remote: str) -> str:
    asked = _git(checkout.top, "remote", "get-url", remote, options=_UNCHECKED)
    url = asked.text.strip()
    found = _REPOSITORY.search(urlsplit(url).path if "://" in url else url)
    if asked.status != 0 or found is None:
        raise UsageError(
            f"the remote {remote} does not tell which repository it is",
            hint="name it: --repo OWNER/NAME",
        )
    return found[1]


def _post(url: str, value: Mapping[str, str], token: str) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": _API_VERSION,
    }
    body = json.dumps(value).encode()
    # It must not be opened twice, so one attempt is made.
    request = Request(method="POST", url=url, headers=headers, body=body, retry=False)
    try:
        with HttpClient() as client, client.open(request) as answer:
            raw = answer.read_all(_LARGEST_BYTES)
            status = answer.status
    except HttpError as err:
        raise TransportError(f"{url}: {err.message}", hint=err.hint) from err
    try:
        found = json.loads(raw)
    except ValueError:
        found = {}
    if status != 201 or not isinstance(found, dict):
        said = _said(found) if isinstance(found, dict) else ""
        raise TransportError(
            f"{url} answers {status}{said}",
            hint="the branch was pushed; open the pull request by hand, or look at the token",
        )
    return found


def _said(answer: Mapping[str, Any]) -> str:
    errors = answer.get("errors")
    details = [
        str(item.get("message"))
        for item in (errors if isinstance(errors, list) else [])
        if isinstance(item, dict) and item.get("message")
    ]
    parts = [str(answer.get("message", "")), *details]
    return f": {'; '.join(part for part in parts if part)}" if any(parts) else ""


def _identity(tree: Path) -> tuple[str, ...]:
    """Who commits, where git does not know anybody."""
    if _git(tree, "config", "user.email", options=_UNCHECKED).text.strip():
        return ()
    return ("-c", "user.name=jettison", "-c", "user.email=jettison@localhost")


def _git(
    directory: Path,
    *arguments: str,
    options: ProcessOptions = ProcessOptions(),  # noqa: B008  # frozen
) -> Completed:
    return process.run(("git", "-C", str(directory), *arguments), timeout_s=_GIT_S, options=options)
