"""Hold answers against what was expected of them, and a whole run against common sense."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Final

from jettison.errors import ContainerError, NotReadyError
from jettison.probe.capture import Missing, find_at, parse_json_path, text_of
from jettison.probe.model import Answer, Expectation, ProbeResults, Purpose

_SHOWN: Final = 200


def check(expect: Expectation, answer: Answer) -> tuple[str, ...]:
    """One phrase for each expectation that `answer` does not meet."""
    if not answer.status:
        return (answer.error or "no answer",)
    unmet: list[str] = []
    ranges = expect.statuses or ((100, 399),)
    if not any(low <= answer.status <= high for low, high in ranges):
        unmet.append(f"status {answer.status}, expected {describe_statuses(expect.statuses)}")
    if expect.body and re.search(expect.body, text_of(answer), re.MULTILINE) is None:
        unmet.append(f"nothing in the body matches {expect.body[:_SHOWN]!r}")
    if expect.json:
        unmet.extend(_check_json(expect, answer))
    return tuple(unmet)


def describe_statuses(ranges: tuple[tuple[int, int], ...]) -> str:
    """Such as `200, 300-399`; `below 400` for no ranges."""
    if not ranges:
        return "below 400"
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def require_success(results: ProbeResults, *, log_tail: str) -> None:
    """Refuse a run that shows nothing of the app, or in which a step went wrong.

    Raises: ContainerError naming the step; NotReadyError where no answer was a success.
    """
    for answer in results.answers:
        if answer.request.purpose is Purpose.STEP and not answer.is_success:
            place = f"{answer.request.where}: " if answer.request.where else ""
            found = "; ".join(answer.unmet) or answer.error or f"status {answer.status}"
            raise ContainerError(
                f"probe {place}{answer.request.label}: {found}",
                hint=_step_hint(answer),
                log_tail=log_tail,
            )
    if not results.answers or any(answer.is_success for answer in results.answers):
        return
    seen = Counter(
        f"status {answer.status}" if answer.status else answer.error for answer in results.answers
    )
    summary = ", ".join(f"{count} × {what}" for what, count in seen.most_common(4))
    hint = "name a path that it answers with --probe 'GET /path'"
    if any(answer.status == 400 for answer in results.answers):
        hint += ", or the host name that it expects with --probe-host NAME"
    raise NotReadyError(
        f"the app answered none of {len(results.answers)} requests with success: {summary}",
        hint=hint,
        log_tail=log_tail,
    )


def _step_hint(answer: Answer) -> str:
    if answer.request.expect is not None and not answer.request.expect.statuses and answer.status:
        label = f"{answer.request.method} {answer.request.path} {answer.status}"
        return f"if that status is right, say so: --probe '{label}'"
    return ""


def _check_json(expect: Expectation, answer: Answer) -> list[str]:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ["the body is not JSON"]
    unmet = []
    for path, text in expect.json:
        found = find_at(document, parse_json_path(path))
        if isinstance(found, Missing):
            unmet.append(f"nothing at {path}: {found.reason}")
        elif found != json.loads(text):
            shown = json.dumps(found, ensure_ascii=False)[:_SHOWN]
            unmet.append(f"{path} is {shown}, expected {text[:_SHOWN]}")
    return unmet
