"""Stands in for an age key server, so that torchwood's client `age-keylookup` reads *our* log and proofs.

The client asks for a person's key, gets it with a `.tlog-proof`, and checks the proof under a policy; with `-all` it
reads the whole log as C2SP tlog-tiles below `/tlog` and looks for that person's keys. Its entries have 96 bytes:
a VRF's hash of the person's name, then SHA-256 of the key. The VRF is not ours to test: name, key and proof are the
test vector of C2SP vrf-r255.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp
from tests.http_server import serving
from tests.interop.checkers import Checkers, Outcome
from tests.published_log import PublishedLog

from voltseal.api.log_reads import LogReads
from voltseal.api.tlog import log_routes
from voltseal.evidence.tlog_proof import TlogProof

EMAIL = "c2sp.org/vrf-r255"
PUBLIC_KEY = "age1example"
_VRF_KEY = bytes.fromhex("54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e")
_VRF_PROOF = bytes.fromhex(
    "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff9265c805525233e2284dbed45e593b8eea3"
    "1d5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c"
)
_VRF_HASH = bytes.fromhex(
    "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e182736"
    "03bf1c6c25d7a797aeff3c43fd32b974d3fcbd4bcce916007097922a3ea3a794"
)


def age_entry(public_key: str) -> bytes:
    """The log entry that binds a key to `EMAIL`, 96 bytes."""
    return _VRF_HASH + sha256(public_key.encode()).digest()


def other_entry(number: int) -> bytes:
    """An entry of somebody else, 96 bytes."""
    return sha256(b"%d" % number).digest() * 3


class KeyServer:
    """Serves `log` and, where given, `proof` for `PUBLIC_KEY`; a context manager."""

    def __init__(self, log: PublishedLog, proof: TlogProof | None = None, history: tuple[str, ...] = ()) -> None:
        self._log = log
        self._proof = proof and replace(proof, extra=_VRF_PROOF)
        self._history = history
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._url = self._open.enter_context(serving(lambda: self._log, self._app)).url
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def lookup(self, checkers: Checkers, policy: str) -> Outcome:
        """Let the client ask for one key and check its proof."""
        return self._ask(checkers, policy)

    def read_all(self, checkers: Checkers, policy: str) -> Outcome:
        """Let the client read the whole log."""
        return self._ask(checkers, policy, "-all")

    def _ask(self, checkers: Checkers, policy: str, *arguments: str) -> Outcome:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "policy"
            path.write_text(policy, encoding="utf-8")
            proxies = {name: "" for name in os.environ if name.lower() in {"http_proxy", "all_proxy"}}
            return checkers.run(
                "age-keylookup",
                *arguments,
                EMAIL,
                AGE_KEYSERVER_URL=self._url,
                AGE_KEYSERVER_POLICY=str(path),
                AGE_KEYSERVER_VRFKEY=base64.b64encode(_VRF_KEY).decode(),
                **proxies,
            )

    def _app(self, reads: LogReads) -> ASGIApp:
        async def lookup(_request: Request) -> JSONResponse:
            proof = self._proof.encode().decode() if self._proof else ""
            return JSONResponse({"email": EMAIL, "pubkey": PUBLIC_KEY, "proof": proof})

        async def monitor(_request: Request) -> JSONResponse:
            vrf_proof = base64.b64encode(_VRF_PROOF).decode()
            return JSONResponse({"email": EMAIL, "vrf_proof": vrf_proof, "history": self._history})

        routes: dict[str, Callable[[Request], object]] = {"/api/lookup": lookup, "/api/monitor": monitor}
        return Starlette(
            routes=[
                *(Route(path, endpoint) for path, endpoint in routes.items()),
                Mount("/tlog", routes=log_routes(reads)),
            ]
        )
