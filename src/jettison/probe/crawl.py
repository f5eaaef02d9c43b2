"""Visit a site from its root and known pages: breadth first, in document order, bounded."""

from __future__ import annotations

import posixpath
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from jettison.probe.links import Site, find_links
from jettison.probe.model import Answer, CrawlLimits, Purpose, Request, Skipped

WELL_KNOWN: Final = ("/robots.txt", "/sitemap.xml", "/favicon.ico")

_LOGOUT: Final = re.compile(r"(?:^|[/_.-])(?:log|sign)[_-]?(?:out|off)(?:$|[/_.?-])", re.IGNORECASE)

Exchange = Generator[Request, tuple[Answer, ...], tuple[Skipped, ...]]
"""A dialogue: yields a request, is sent its answer (and those of the redirects that followed, each
after the one that caused it), and returns what it left out."""


@dataclass(slots=True)
class Crawl:
    """One crawl of one site; `has_session` tells whether the app has set cookies."""

    site: Site
    limits: CrawlLimits
    has_session: Callable[[], bool]
    clock: Callable[[], float] = time.monotonic
    _seen: set[str] = field(default_factory=set)
    _per_path: Counter[str] = field(default_factory=Counter)
    _per_kind: Counter[str] = field(default_factory=Counter)
    _skipped: list[Skipped] = field(default_factory=list)

    def run(self, known: Sequence[Answer] = ()) -> Exchange:
        """Ask for the root, the well-known files and whatever they or `known` answers lead to."""
        end = self.clock() + self.limits.seconds
        queue: deque[tuple[int, str, Purpose]] = deque([(0, "/", Purpose.ROOT)])
        queue.extend((0, path, Purpose.WELL_KNOWN) for path in WELL_KNOWN)
        self._seen.update(path for _, path, _ in queue)
        self._seen.update(answer.target for answer in known if answer.request.method == "GET")
        for answer in known:
            queue.extend(self._links(answer, 0))
        asked = 0
        while queue:
            depth, path, purpose = queue.popleft()
            if asked >= self.limits.pages or self.clock() > end:
                reason = "pages" if asked >= self.limits.pages else "time"
                self._skip(f"{len(queue) + 1} further links", f"the crawl's limit of {reason}")
                break
            answers = yield Request(path=path, port=self.site.port, purpose=purpose)
            asked += len(answers)
            if not answers:
                continue
            self._seen.update(answer.target for answer in answers)
            queue.extend(self._links(answers[-1], depth))
        return tuple(self._skipped)

    def _links(self, answer: Answer, depth: int) -> Iterator[tuple[int, str, Purpose]]:
        if 0 < answer.status < 400 and depth < self.limits.depth:
            for target in find_links(answer, answer.target, self.site):
                if self._admits(target):
                    yield depth + 1, target, Purpose.CRAWL

    def _admits(self, target: str) -> bool:
        if target in self._seen:
            return False
        self._seen.add(target)
        path = target.partition("?")[0]
        if self.has_session() and _LOGOUT.search(path):
            self._skip(target, "it looks like a logout, and the app has set cookies")
            return False
        self._per_path[path] += 1
        if self._per_path[path] > self.limits.per_path:
            if self._per_path[path] == self.limits.per_path + 1:
                self._skip(path, f"more than {self.limits.per_path} queries on one path")
            return False
        suffix = posixpath.splitext(path)[1]
        kind = f"{posixpath.dirname(path)}/*{suffix}"
        if suffix:
            self._per_kind[kind] += 1
        if self._per_kind[kind] > self.limits.per_kind:
            if self._per_kind[kind] == self.limits.per_kind + 1:
                self._skip(kind, f"more than {self.limits.per_kind} of them")
            return False
        return True

    def _skip(self, item: str, reason: str) -> None:
        self._skipped.append(Skipped(item=item, reason=reason))
