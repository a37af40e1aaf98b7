"""`voltseal verify`: check an evidence file, offline, step by step, and say in plain words what it shows.

Exit codes: 0 valid, 1 invalid, 2 could not check. Nothing but the bundle and the trust file is read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from voltseal.cli.options import add_json, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from voltseal.cli.trust_search import FoundTrust
    from voltseal.evidence.container import Opener
    from voltseal.verifier import CouldNotCheck, NotVerifiedError, Step, Trust

_VALID, _COULD_NOT_CHECK = 0, 2
_COPY_BYTES = 1 << 20


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "verify",
        help="check evidence, offline",
        description="Check an evidence file, believing the trust file only. Exits 0: valid, 1: invalid, 2: unchecked.",
        epilog="Valid evidence may have gaps: read the verdict. Make a trust file with `voltseal trust init`.",
    )
    parser.add_argument("file", metavar="FILE", help="the bundle, .json or .json.gz; - reads standard input")
    parser.add_argument(
        "--trust",
        metavar="FILE",
        type=Path,
        help="whom to believe (default: $VOLTSEAL_TRUST, ~/.config/voltseal/trust.toml, trust.toml beside FILE)",
    )
    parser.add_argument(
        "--rpc",
        metavar="URL",
        action="append",
        default=[],
        help="ask this Ethereum node if its chain has the block of an anchor; several must agree (default: offline)",
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing: the exit code tells")
    parser.add_argument("--workers", metavar="N", type=int, default=0, help="processes for large files (default: all)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Verify, print, and return the exit code."""
    from voltseal.cli.trust_search import FoundTrust, TrustSource, find_trust
    from voltseal.verifier import NotVerifiedError, Trust, TrustFileError

    _forgive_encoding()
    report = _Report(options, FoundTrust(TrustSource.NONE, None, Trust()))
    path = None if options.file == "-" else Path(options.file)
    try:
        report.found = find_trust(options.trust, path)
        opener, close = _open(path)
    except TrustFileError as error:
        return report.failed("bad-trust-file", str(error), error.hint)
    except OSError as error:
        return report.failed("unreadable", f"{options.file}: {error.strerror or error}", None)
    try:
        return report.verified(opener)
    except NotVerifiedError as error:
        return report.not_verified(error)
    except OSError as error:
        return report.failed("unreadable", f"{options.file}: {error.strerror or error}", None)
    except Exception as error:  # noqa: BLE001  # a fault of ours must never pass for a verdict: 1 would say "invalid"
        fault = f"{options.file}: a fault of this program, not of the file: {type(error).__name__}: {error}"
        return report.failed("internal-error", fault, "report it, with the file if you may, to voltseal's makers")
    finally:
        close()


def _open(path: Path | None) -> tuple[Opener, Callable[[], None]]:
    """What opens the bundle's text again and again, and what closes it for good. Raises `OSError`."""
    from voltseal.evidence.container import opener_of_path

    if path is None:
        return _copy(sys.stdin.buffer)
    if path.exists() and not path.is_file() and not path.is_dir():  # a pipe, such as <(…) of a shell
        with path.open("rb") as pipe:
            return _copy(pipe)
    opener_of_path(path)().close()
    return opener_of_path(path), lambda: None


def _copy(stream: BinaryIO) -> tuple[Opener, Callable[[], None]]:
    """A pipe's content, up to a bundle's limit, in a temporary file: the text is walked more than once."""
    import tempfile

    from voltseal.evidence.container import opener_of_path
    from voltseal.evidence.layout import MAX_TEXT_BYTES

    copy = tempfile.NamedTemporaryFile(prefix="voltseal-", suffix=".bundle")  # noqa: SIM115  # closed by the caller
    try:
        while copy.tell() <= MAX_TEXT_BYTES and (piece := stream.read(_COPY_BYTES)):
            copy.write(piece)
        copy.flush()
    except OSError:
        copy.close()
        raise
    return opener_of_path(Path(copy.name)), copy.close


class _Report:
    """What has been found and how to tell it: steps as they pass, then one end."""

    def __init__(self, options: argparse.Namespace, found: FoundTrust) -> None:
        self.found = found
        self._json: bool = options.json
        self._quiet: bool = options.quiet
        self._file: str = options.file
        self._workers: int = options.workers
        self._rpc: list[str] = options.rpc
        self._trust: Trust | None = None
        self._asked: list[str] = []
        self._steps: list[dict[str, object]] = []
        self._progressing = False

    def verified(self, opener: Opener) -> int:
        """Run the steps. Raises `NotVerifiedError` and `OSError`."""
        from voltseal.verifier import available_workers, to_json, verify

        self._say(self._heading())
        self._ask_nodes(opener)
        verdict = verify(
            opener,
            self.found.trust if self._trust is None else self._trust,
            workers=self._workers or available_workers(),
            on_step=self._step,
            on_progress=self._progress,
        )
        if self._json:
            self._print_json("valid", verdict=to_json(verdict))
        elif not self._quiet:
            from voltseal.cli.verdict_words import verdict_words

            self._say(verdict_words(verdict))
        return _VALID

    def _ask_nodes(self, opener: Opener) -> None:
        """The one thing that is not offline, and only on request: it can add blocks to what is trusted."""
        if self._rpc:
            from voltseal.cli.block_search import ask_nodes

            self._trust, said = ask_nodes(opener, self.found.trust, self._rpc)
            self._asked = said
            self._say("".join(f"  {line}\n" for line in said))

    def not_verified(self, error: NotVerifiedError) -> int:
        """Invalid, or could not check."""
        failure = {"step": error.step, "code": error.reason_code, "message": str(error)}
        self._end_progress()
        if error.exit_status != _COULD_NOT_CHECK:
            self._say(f"  ✗ {error.step:>2} {_step_name(error.step)}: {error}")
            self._say(f"\nINVALID (step {error.step}, {error.reason_code}): this file proves nothing.")
        else:
            self._say(f"\nCOULD NOT CHECK (step {error.step}, {error.reason_code}): {error}")
            self._say(f"  {self._advice()}")
        if self._json:
            self._print_json(error.outcome, **failure)
        return error.exit_status

    def failed(self, code: str, message: str, hint: str | None) -> int:
        """Bundle or trust file could not be read at all."""
        if self._json:
            self._print_json("could-not-check", step=0, code=code, message=message)
        elif not self._quiet:
            print(f"voltseal: {message}", file=sys.stderr)
            if hint:
                print(f"  try: {hint}", file=sys.stderr)
        return _COULD_NOT_CHECK

    def _heading(self) -> str:
        from voltseal.cli.trust_search import BESIDE_BUNDLE_WARNING, TrustSource

        path, source = self.found.path, self.found.source
        if source is TrustSource.NONE:
            return f"checking {self._file} without a trust file: only damage can be found\n"
        heading = f"checking {self._file}, believing {path} ({source.value})\n"
        if source is TrustSource.BESIDE_BUNDLE:
            heading += f"  ! {path} lies beside the bundle: {BESIDE_BUNDLE_WARNING}\n"
        return heading

    def _advice(self) -> str:
        from voltseal.cli.trust_search import TrustSource

        if self.found.source is TrustSource.NONE:
            return "No trust file was found. Make one with `voltseal trust init`, fill it in, and pass it by --trust."
        return f"Nothing speaks against the file, but {self.found.path} does not name whose word it rests on."

    def _step(self, step: Step, lacking: CouldNotCheck | None) -> None:
        self._end_progress()
        self._steps.append({
            "step": step.number,
            "name": step.name,
            "status": "ok" if lacking is None else "could-not-check",
            "code": None if lacking is None else lacking.reason_code,
        })  # fmt: skip
        mark, remark = ("✓", step.title) if lacking is None else ("?", str(lacking))
        self._say(f"  {mark} {step.number:>2} {step.name}: {remark}")

    def _progress(self, done: int, total: int) -> None:
        if self._json or self._quiet or total <= 5000 or not sys.stderr.isatty():
            return
        filled = 40 * done // total
        print(f"\r  … [{'#' * filled:<40}] {done:,} of {total:,} entries", end="", file=sys.stderr, flush=True)
        self._progressing = True

    def _end_progress(self) -> None:
        if self._progressing:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._progressing = False

    def _say(self, text: str) -> None:
        """Texts in a bundle may come from anyone: nothing in them may steer the terminal."""
        if not self._json and not self._quiet:
            print("".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text), flush=True)

    def _print_json(self, result: str, **content: object) -> None:
        if not self._quiet:
            trust = self.found.to_json()
            asked = {"nodes": self._asked} if self._rpc else {}
            print_json({"result": result, "file": self._file, "trust": trust, "steps": self._steps} | asked | content)


def _step_name(number: int) -> str:
    from voltseal.verifier import STEPS

    return next((step.name for step in STEPS if step.number == number), "")


def _forgive_encoding() -> None:
    """A terminal that cannot show the marks must not end a check with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
