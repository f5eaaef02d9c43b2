"""Every way to find out what to ask an app, in the order they are used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from jettison.probe.crawl import Crawl, Exchange
from jettison.probe.links import Site
from jettison.probe.model import Answer, CrawlLimits, ProbePlan, Purpose, Request
from jettison.probe.openapi import OpenApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a probe is pointed at: one site of the app; steps are asked of the first one.

    Shape: `answers` are those that this site has given so far.
    """

    plan: ProbePlan
    site: Site
    has_session: Callable[[], bool]
    answers: Callable[[], tuple[Answer, ...]]


class Probe(Protocol):
    """A source of requests. It does no input or output: the session asks for it."""

    @property
    def name(self) -> str:
        """How reports call it."""

    def requests(self, target: Target) -> Exchange:
        """Yield requests, be sent their answers, return what was left out."""


@dataclass(frozen=True, slots=True)
class StepsProbe:
    """What the user wrote; once, whatever ports there are."""

    name: str = "steps"

    def requests(self, target: Target) -> Exchange:
        """Yield the steps in their order."""
        steps = target.plan.steps if target.site.is_first else ()
        for step in steps:  # noqa: UP028  # a tuple takes no answers, which `yield from` would send
            yield step
        return ()


@dataclass(frozen=True, slots=True)
class CrawlProbe:
    """The site from its root, and from the pages that the steps asked for."""

    name: str = "crawl"

    def requests(self, target: Target) -> Exchange:
        """Crawl; without limits for it in the plan, ask for the root if there is no step either."""
        limits: CrawlLimits | None = target.plan.crawl
        if limits is None:
            if not target.plan.steps:
                yield Request(port=target.site.port, purpose=Purpose.ROOT)
            return ()
        crawl = Crawl(target.site, limits, target.has_session)
        return (yield from crawl.run(target.answers()))


@dataclass(frozen=True, slots=True)
class OpenApiProbe:
    """The GET operations of `/openapi.json`."""

    name: str = "openapi"

    def requests(self, target: Target) -> Exchange:
        """Ask for the document and what it names."""
        if not target.plan.openapi or target.plan.crawl is None:
            return ()
        return (yield from OpenApi(target.site).run())


PROBES: Final[tuple[Probe, ...]] = (StepsProbe(), CrawlProbe(), OpenApiProbe())
