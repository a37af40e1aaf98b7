"""A real Ethereum node on this machine, and what can go wrong with it: `with Anvil.start(tools) as node`."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.chain.toolchain import ChainTools

# The accounts that anvil makes of its public test mnemonic and fills at its start.
OWNER_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
SUBMITTER_KEY = bytes.fromhex("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
OTHER_KEY = bytes.fromhex("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a")
CHAIN_ID = 31_337


class Anvil:
    """One node. `arguments` go to the program."""

    def __init__(self, tools: ChainTools, *arguments: str, port: int = 0) -> None:
        self._tools = tools
        self._arguments = arguments
        self._process = self._launch(port)
        self.port = self._wait_listening()

    @property
    def url(self) -> str:
        """Of its JSON-RPC."""
        return f"http://127.0.0.1:{self.port}"

    def rpc(self, method: str, *parameters: object) -> Any:
        """One request; an error of the node is an assertion."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        """Make blocks of what is pending."""
        self.rpc("anvil_mine", hex(blocks))

    def automine(self, *, on: bool) -> None:
        """Whether each transaction makes a block."""
        self.rpc("evm_setAutomine", on)

    def reorg(self, depth: int) -> None:
        """Replace the newest blocks by empty ones; their transactions do not return to the pool."""
        self.rpc("anvil_reorg", depth, [])

    def set_balance(self, account: bytes, wei: int) -> None:
        """Fill or empty an account."""
        self.rpc("anvil_setBalance", f"0x{account.hex()}", hex(wei))

    def block_number(self) -> int:
        """The newest block's."""
        return int(self.rpc("eth_blockNumber"), 16)

    def hang(self) -> None:
        """It accepts connections and answers nothing."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """End of `hang`."""
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """As a power cut does."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def restart(self) -> None:
        """After `kill`, at the same port; what it knows afterwards depends on its arguments."""
        self._process = self._launch(self.port)
        assert self._wait_listening() == self.port

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.kill()

    def _launch(self, port: int) -> subprocess.Popen[str]:
        command: list[str | Path] = [self._tools.anvil, "--port", str(port), *self._arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def _wait_listening(self) -> int:
        said = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said.append(line)
            listening = re.search(r"Listening on 127\.0\.0\.1:(\d+)", line)
            if listening:
                return int(listening[1])
        raise AssertionError(f"anvil did not start: {''.join(said)}")
