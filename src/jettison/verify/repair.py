"""Keep the books of verification rounds: what each one missed, what was added for the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from jettison.filetree import FileTree
from jettison.paths import ImagePath
from jettison.verify.misses import Miss, neighbours

MAX_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One slimmed image that was built, run and compared.

    Shape: `number` counts from 1; `added` is what the next round keeps in addition, sorted;
    `differences` has a line for each way in which it did not behave as the original; `passed` says
    that there was none and that nothing was missed.
    """

    number: int
    misses: tuple[Miss, ...]
    added: tuple[ImagePath, ...]
    differences: tuple[str, ...]
    passed: bool

    def describe(self) -> str:
        """A phrase for people."""
        if self.passed:
            return "passed"
        parts = []
        if self.differences:
            parts.append(f"{len(self.differences)} differences, first {self.differences[0]}")
        if self.added:
            first = self.misses[0].describe() if self.misses else self.added[0]
            parts.append(f"{len(self.added)} paths to add, first {first}")
        return "; ".join(parts)


def plan_repair(
    misses: Iterable[Miss],
    original: FileTree,
    kept: Iterable[ImagePath],
    owned: Callable[[ImagePath], Sequence[ImagePath]],
) -> tuple[ImagePath, ...]:
    """What to keep in addition, sorted; `kept` is there already.

    Shape: `owned` as for `neighbours`.
    """
    wanted: set[ImagePath] = set()
    for miss in misses:
        if miss.path not in wanted:
            wanted.update(neighbours(miss, original, owned))
    return tuple(sorted(wanted.difference(kept)))


def should_repeat(rounds: Sequence[Round]) -> bool:
    """Whether another round can change anything: the last one adds what none before it did."""
    if not rounds or len(rounds) >= MAX_ROUNDS:
        return False
    before = {path for item in rounds[:-1] for path in item.added}
    return not before.issuperset(rounds[-1].added)
