"""Rules on Dockerfiles, what they build, and how it is deployed; what they find, and fixes."""

from jettison.lint.model import Change, Finding, Options, Place, Rule, Severity

__all__ = ["Change", "Finding", "Options", "Place", "Rule", "Severity"]
