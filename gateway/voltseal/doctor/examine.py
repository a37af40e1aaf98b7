"""The whole examination, part by part; what one part cannot look at does not keep the others from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from voltseal.config import Config, load
from voltseal.doctor.broker import examine_broker
from voltseal.doctor.certificate import examine_certificate_file
from voltseal.doctor.finding import Finding, failure, ok, warning
from voltseal.doctor.log import examine_log, examine_process, examine_standing
from voltseal.doctor.machine import examine_clock, examine_disk, examine_keys
from voltseal.errors import VoltsealError
from voltseal.store.reader import SqliteReader


def examine(config_path: Path, now_ms: int) -> Iterator[Finding]:
    """Everything, in the order in which one thing needs the other."""
    try:
        config = load(config_path)
    except VoltsealError as error:
        yield failure("configuration", str(error), error.hint or "correct it")
        return
    yield ok("configuration", str(config_path))
    yield from examine_keys(config)
    yield from examine_disk(config)
    yield from _store(config, now_ms)
    yield from examine_broker(config, now_ms)
    yield from _http(config, now_ms)
    if not (config.alert.webhook_url or config.alert.mqtt_topic):
        yield warning("alerts", "alarms are sent nowhere", "set [alert] webhook_url or mqtt_topic")


def _store(config: Config, now_ms: int) -> Iterator[Finding]:
    if not config.store.path.exists():
        yield warning("store", f"{config.store.path}: there is none yet", "voltseal run makes it")
        yield from examine_clock(now_ms, None)
        return
    try:
        with closing(SqliteReader.open(config.store.path)) as store:
            yield ok("store", f"{config.store.path} can be read")
            yield examine_process(config)
            yield from examine_clock(now_ms, store)
            yield from examine_log(config, store)
            yield from examine_standing(config, store, now_ms)
    except (VoltsealError, sqlite3.Error) as error:
        yield failure("store", str(error), "voltseal log check; else put back the newest copy: voltseal restore")


def _http(config: Config, now_ms: int) -> Iterator[Finding]:
    http = config.http
    if not http.listen:
        return
    for path in (http.cert_file, http.client_ca_file):
        if path is not None:
            yield from examine_certificate_file("http", path, now_ms)
    if http.token_file is None:
        yield ok("http", f"on {http.listen}, without the API")
        return
    from voltseal.api.access import Tokens  # noqa: PLC0415  the web framework is large, and most have no HTTP

    try:
        Tokens.read(http.token_file)
    except VoltsealError as error:
        yield failure("http", str(error), error.hint or "")
    else:
        yield ok("http", f"on {http.listen}, with the API")
