"""When commands are killed, calls fail and power is cut: spread evenly over all calls that change files."""

import errno
import random
from collections.abc import Callable, Iterator
from functools import partial

from crash.attempts import Attempts
from crash.faults import Fault, Kind

BY = ("kills", "errors", "power", "full")
# The largest disks have so many times the space that the command takes.
_MORE_THAN_NEEDED = 1.2
# Of so many kills, one is at any time; of so many power cuts, one is after the command has ended.
_ONE_IN = 10

Try = tuple[str, Callable[[], str]]


def tries(attempts: Attempts, by: str, count: int, seed: int = 0) -> Iterator[Try]:
    """Yield attempts, each with the words that describe it."""
    chosen = random.Random(seed)
    made = {"kills": _kills, "errors": _errors, "power": _power, "full": _full}[by]
    return made(attempts, count, chosen)


def _kills(attempts: Attempts, count: int, chosen: random.Random) -> Iterator[Try]:
    spread = count - count // _ONE_IN
    for number in range(count):
        if number < spread:
            kind = chosen.choice([Kind.BEFORE, Kind.HALF, Kind.AFTER])
            fault = Fault(kind, 1 + number * attempts.calls // spread)
        else:
            fault = Fault(seconds=chosen.uniform(0, attempts.seconds))
        yield str(fault), partial(attempts.kill, fault)


def _errors(attempts: Attempts, count: int, chosen: random.Random) -> Iterator[Try]:
    for number in range(count):
        kind = chosen.choice([Kind.FAIL_ONCE, Kind.FAIL_ON])
        fault = Fault(
            kind, 1 + number * attempts.calls // count, chosen.choice([errno.ENOSPC, errno.EIO, errno.EDQUOT])
        )
        yield str(fault), partial(attempts.fail, fault)


def _power(attempts: Attempts, count: int, chosen: random.Random) -> Iterator[Try]:
    at_end = max(1, count // _ONE_IN)
    places = [number * len(attempts.recorded) // (count - at_end) for number in range(count - at_end)]
    for place, call in enumerate(attempts.disk.run(attempts.recorded)):
        for _ in range(places.count(place)):
            seed = chosen.randrange(1 << 30)
            yield f"power cut after call {call.number} ({call.op.name}), seed {seed}", partial(attempts.cut, seed)
    for _ in range(at_end):
        seed = chosen.randrange(1 << 30)
        yield f"power cut at the end, seed {seed}", partial(attempts.cut_at_the_end, seed)


def _full(attempts: Attempts, count: int, chosen: random.Random) -> Iterator[Try]:
    before, most = attempts.needed_kilobytes()
    step = max(1, int((most - before) * _MORE_THAN_NEEDED) // count)
    for number in range(count):
        size = before + number * step + chosen.randint(1, step)
        yield f"a disk of {size:,} kB", partial(attempts.fill, size)
