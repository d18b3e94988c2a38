"""What a measurement is: two sides, run in turns, and the ratio of their medians."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import TypeVar, cast

FEWEST_ROUNDS = 9
FULL = 1.0
"""The size of the whole nation: 8,550 reporting units."""

Clock = Callable[[], float]
World = TypeVar("World")


@dataclass(frozen=True)
class Outcome:
    """Two sides of one measurement: seconds (medians), or counts of something. note: what else was seen."""

    ours: float
    theirs: float
    ratio: float
    unit: str = "ms"
    note: str = ""


@dataclass(frozen=True)
class Measurement:
    """goal: the ratio that is not to be exceeded. ours, theirs: what the two sides are, in words."""

    name: str
    ours: str
    theirs: str
    goal: float
    run: Callable[["Bench"], Outcome]

    def is_met(self, outcome: Outcome) -> bool:
        return outcome.ratio <= self.goal


MEASUREMENTS: list[Measurement] = []
"""All that are registered, in order."""


def measurement(
    name: str, *, ours: str, theirs: str, goal: float
) -> Callable[[Callable[["Bench"], Outcome]], Callable[["Bench"], Outcome]]:
    """Register a function of a `Bench` under `name`, by which `--only` asks for it."""

    def register(run: Callable[["Bench"], Outcome]) -> Callable[["Bench"], Outcome]:
        MEASUREMENTS.append(Measurement(name, ours, theirs, goal, run))
        return run

    return register


@dataclass
class Bench:
    """One run. size: of the nation, 1.0 = 8,550 units. Worlds are built once and shared by what asks for them."""

    rounds: int = FEWEST_ROUNDS
    size: float = FULL
    worlds: dict[object, object] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def once(self, key: object, build: Callable[[], World]) -> World:
        """Return what `build` makes, made once for the whole run under `key`."""
        if key not in self.worlds:
            self.worlds[key] = build()
        return cast(World, self.worlds[key])

    def folder(self) -> Path:
        """Return an empty folder that is removed after the run."""
        return Path(self._stack.enter_context(TemporaryDirectory(prefix="chunfeng-bench-")))

    def compare(
        self,
        ours: Callable[[], object],
        theirs: Callable[[], object],
        *,
        clock: Clock = perf_counter,
        note: str = "",
    ) -> Outcome:
        """Run both sides in turns, each first in every other round, after one round that does not count."""
        ours(), theirs()
        taken: dict[Callable[[], object], list[float]] = {ours: [], theirs: []}
        for number in range(max(self.rounds, 1)):
            for side in (ours, theirs) if number % 2 else (theirs, ours):
                started = clock()
                side()
                taken[side].append(clock() - started)
        mine, other = median(taken[ours]), median(taken[theirs])
        return Outcome(mine, other, mine / other, note=note)


cpu: Clock = process_time
"""What this process computes; a database server's work is not in it."""
