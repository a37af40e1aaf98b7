"""The gateway's HTTP service over a store that has something in it, without a broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.gateway_ingest import Ingest
from tests.http_server import Answer, RunningServer

from voltseal.api.service import HttpService
from voltseal.config import Config
from voltseal.ingest.integrate import LogWriter
from voltseal.keys import read_log_key
from voltseal.log.sequencer import BatchPolicy
from voltseal.vitals import COMMIT_BUCKETS_S, Live
from voltseal_sim.load import LoadMessage

TOKEN = "a-token-of-the-tests-0123456789"


def live(**changes: Any) -> Live:
    """A gateway that works."""
    usual = Live(
        uptime_s=12.5,
        beat_age_s=0.1,
        is_connected=True,
        is_commit_failing=False,
        outcomes={"accepted": 7, "malformed": 1},
        queues={"intake": 3, "unacknowledged": 5, "receipts": 0},
        limits={"unacknowledged": 2000, "receipts": 10_000},
        lag_s=0.25,
        commit_counts=(2, 1, *([0] * (len(COMMIT_BUCKETS_S) - 1))),
        commit_sum_s=0.5,
    )
    return replace(usual, **changes)


@dataclass
class HttpSite:
    """A store with 20 statements of one device (a gap of two among them), a refused message, and a checkpoint."""

    ingest: Ingest
    live: Live = field(default_factory=live)

    @classmethod
    def make(cls, directory: Path) -> HttpSite:
        ingest = Ingest(directory)
        messages = ingest.device.messages(20, ingest.xy)
        ingest.commit([*messages[:8], *messages[10:], LoadMessage(messages[0].topic, b"", 0, b"\x00rubbish")])
        site = cls(ingest)
        site.publish()
        site.token_file.write_text(f"# of the tests\n{TOKEN}\n")
        site.token_file.chmod(0o600)
        return site

    def publish(self) -> None:
        """Cut a checkpoint of everything."""
        signer = read_log_key(self.ingest.site.config)
        LogWriter(self.ingest.store, signer, BatchPolicy(1, 0)).step(1000, tick=True)

    @property
    def token_file(self) -> Path:
        return self.ingest.site.directory / "keys" / "api.token"

    @property
    def device(self) -> str:
        return self.ingest.device.ueid.hex()

    def config(self, **http: Any) -> Config:
        """The gateway's configuration with [http] as given."""
        config = self.ingest.site.config
        table = replace(config.http, **{"listen": "127.0.0.1:0", "token_file": self.token_file} | http)
        return replace(config, http=table)

    @contextmanager
    def serving(self, **http: Any) -> Iterator[RunningServer]:
        """The service until the block ends."""
        service = HttpService(self.config(**http), lambda: self.live)
        try:
            service.start()
            yield RunningServer(service.port)
        finally:
            service.stop()


def get(server: RunningServer, path: str, token: str | None = TOKEN, **headers: str) -> tuple[int, Any]:
    """Status and JSON of an API path."""
    answer = ask(server, f"/api/v1{path}", token, **headers)
    return answer.status, json.loads(answer.body)


def ask(server: RunningServer, target: str, token: str | None = TOKEN, **headers: str) -> Answer:
    """A request with a token."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return server.request(target, **headers)
