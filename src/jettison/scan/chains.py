"""By which way a package came in: the shortest chain from each thing that was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Final

_MOST: Final = 10


def find_chains(
    needs: Mapping[str, Sequence[str]], roots: Collection[str] | None
) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """For each name the chains of names that lead to it, itself last, the shortest first.

    Shape: `needs` has what each name needs; `roots` are those that were asked for; where that is
    not known, those that nothing needs, and of a circle that nothing else needs its first. A root
    leads to itself. At most ten chains for each name; names out of reach have none.
    """
    known = list(needs)
    if roots is None:
        roots = _tops(needs)
    found: dict[str, list[tuple[str, ...]]] = {name: [] for name in known}
    for root in dict.fromkeys(roots):
        if root not in needs:
            continue
        for name, chain in _from_root(root, needs).items():
            found[name].append(chain)
    return {
        name: tuple(sorted(chains, key=lambda chain: (len(chain), chain))[:_MOST])
        for name, chains in found.items()
    }


def _tops(needs: Mapping[str, Sequence[str]]) -> list[str]:
    needed = {other for name, others in needs.items() for other in others if other != name}
    tops = [name for name in needs if name not in needed]
    reached = {name for top in tops for name in _from_root(top, needs)}
    for name in needs:
        if name not in reached:
            tops.append(name)
            reached.update(_from_root(name, needs))
    return tops


def _from_root(root: str, needs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    chains: dict[str, tuple[str, ...]] = {root: (root,)}
    waiting = deque([root])
    while waiting:
        name = waiting.popleft()
        for other in sorted(needs.get(name, ())):
            if other in needs and other not in chains:
                chains[other] = (*chains[name], other)
                waiting.append(other)
    return chains
