from __future__ import annotations

from jettison.feed.resolver import find_conflict

SAID = """\
Collecting requests==2.19.0
ERROR: Cannot install -r requirements.txt (line 1) and urllib3==1.26.18 because these package \
versions have conflicting dependencies.

The conflict is caused by:
    The user requested urllib3==1.26.18
    requests 2.19.0 depends on urllib3<1.24 and >=1.21.1

To fix this you could try to:
1. loosen the range of package versions you've specified
ERROR: ResolutionImpossible: for help visit https://example
"""


def test_who_demands_what_is_read_from_what_pip_says() -> None:
    conflict = find_conflict(SAID)
    assert conflict is not None
    assert conflict.requested == {"urllib3"}
    ((parent, demand),) = conflict.demands
    assert parent == "requests"
    assert demand.name == "urllib3"
    assert demand.specifier.contains("1.23")
    assert not demand.specifier.contains("1.26.18")
    assert conflict.reason == (
        "The user requested urllib3==1.26.18; requests 2.19.0 depends on urllib3<1.24 and >=1.21.1"
    )


def test_a_version_that_the_index_lacks_is_a_conflict_too() -> None:
    said = "ERROR: No matching distribution found for Flask==99\n"
    conflict = find_conflict(said)
    assert conflict is not None
    assert conflict.requested == {"flask"}


def test_other_failures_are_none() -> None:
    assert find_conflict("ERROR: Could not open requirements file\n") is None
