"""`voltseal report`: a report on an evidence file, as PDF or HTML, for a reader who has to decide something.

Exit codes are those of `voltseal verify`: 0 valid, 1 invalid, 2 could not check, or no report could be made. The report
is written in the first three cases, and says which it is.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import UsageError
from voltseal.cli.output_file import replacing
from voltseal.errors import VoltsealError

if TYPE_CHECKING:
    from voltseal.report.document import Document

_VALID, _NO_REPORT = 0, 2
_SUFFIXES = (".pdf", ".html")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "report",
        help="a report on evidence, as PDF or HTML",
        description="Check an evidence file as `voltseal verify` does, and write a report for a lay reader.",
        epilog="Exits 0: valid, 1: invalid, 2: unchecked, or no report. The same file and trust give the same bytes.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the bundle, .json or .json.gz")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="where to: OUT.pdf or OUT.html")
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="English (default) or Chinese")
    parser.add_argument(
        "--trust",
        metavar="TRUST",
        type=Path,
        help="whom to believe (default: as for `voltseal verify`)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Verify, write, and return the exit code. No error may look like the verdict that a file is invalid."""
    try:
        return _report(options)
    except VoltsealError as error:
        message, hint = str(error), error.hint
    except OSError as error:
        message, hint = f"{error.filename or options.file}: {error.strerror or error}", None
    print(f"voltseal: {message}", file=sys.stderr)
    if hint:
        print(f"  try: {hint}", file=sys.stderr)
    return _NO_REPORT


def _report(options: argparse.Namespace) -> int:
    from voltseal.cli.trust_search import TrustSource, find_trust

    output: Path = options.output
    if output.suffix not in _SUFFIXES:
        raise UsageError(f"{output}: neither PDF nor HTML", hint="end its name in .pdf or .html")
    if not options.file.is_file():
        raise UsageError(f"{options.file}: no such file")
    try:
        from voltseal.report.compose import compose
        from voltseal.report.outcome import NotVerified, examine
        from voltseal.report.words import Language
    except ModuleNotFoundError as error:
        raise _lacking(error) from error
    trust = find_trust(options.trust, options.file)
    findings = examine(options.file, trust.trust, beside=trust.source is TrustSource.BESIDE_BUNDLE)
    _write(output, _drawn(compose(findings, Language(options.lang)), output.suffix))
    outcome, status = "valid", _VALID
    if isinstance(findings, NotVerified):
        outcome, status = findings.error.outcome, findings.error.exit_status
    print(f"wrote {output}: {outcome}")
    return status


def _drawn(document: Document, suffix: str) -> bytes:
    if suffix == ".html":
        from voltseal.report.html import render as to_html

        return to_html(document)
    try:
        from voltseal.report.pdf import render as to_pdf
    except ModuleNotFoundError as error:
        raise _lacking(error) from error
    return to_pdf(document)


def _lacking(error: ModuleNotFoundError) -> UsageError:
    package = (error.name or "").partition(".")[0]
    return UsageError(f"reports need the package {package}", hint="pip install 'voltseal[report]'")


def _write(path: Path, content: bytes) -> None:
    """The file appears only when it is complete."""
    with replacing(path) as file:
        file.write(content)
