"""Many stretches of entries, judged on all cores, in order, with a bounded number under way.

Small bundles never come here: starting processes costs more than verifying them. The context goes to each worker once,
as the raw registry events it was made from, because keys of the cryptography library do not pickle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from itertools import islice
from typing import Final

from voltseal.verifier.statements import STRETCH_LINES, Context, Stretch, judge_lines

_STRETCHES_AHEAD: Final = 4  # per worker: enough to keep it busy while the main process reads on

_context: Context | None = None
"""A worker's own, set once when it starts."""


def judge_in_processes(
    make_context: Callable[..., Context], arguments: tuple[object, ...], lines: Iterable[bytes], workers: int
) -> Iterator[tuple[Stretch, int]]:
    """The stretches of `lines`, in order, each with its number of lines.

    `make_context(*arguments)` is called in each worker; both must pickle. Raises what a worker raises, and `OSError` if
    one dies. Closing the iterator early lets the stretches under way end, and stops.
    """
    remaining = iter(lines)
    pending: deque[tuple[Future[Stretch], int]] = deque()
    with ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(make_context, arguments)) as pool:
        try:
            while True:
                while len(pending) < workers * _STRETCHES_AHEAD:
                    stretch = list(islice(remaining, STRETCH_LINES))
                    if not stretch:
                        break
                    pending.append((pool.submit(_judge, stretch), len(stretch)))
                if not pending:
                    return
                judged, count = pending.popleft()
                yield judged.result(), count
        except (
            BrokenExecutor
        ) as error:  # killed from outside, for want of memory perhaps: nothing is said of the bundle
            raise OSError("a worker process died; try again with one worker") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(make_context: Callable[..., Context], arguments: tuple[object, ...]) -> None:
    global _context  # noqa: PLW0603  # a worker process serves one verification
    _context = make_context(*arguments)


def _judge(lines: list[bytes]) -> Stretch:
    assert _context is not None
    return judge_lines(_context, lines)
