"""Where the paying key comes from, and that no message tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from voltseal.anchor.evm.errors import EvmKeyError
from voltseal.anchor.evm.key import KEY_VARIABLE, PASSWORD_VARIABLE, load_key
from voltseal.log.evm.keccak import keccak256

SECRET = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"
ADDRESS = "008aeeda4d805471df9b2a5b0f38a0c3bcba786b"
PASSWORD = "testpassword"
# A test vector of the Web3 Secret Storage definition.
PBKDF2: dict[str, Any] = {
    "cipher": "aes-128-ctr",
    "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
    "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    "kdf": "pbkdf2",
    "kdfparams": {
        "c": 262144,
        "dklen": 32,
        "prf": "hmac-sha256",
        "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
    },
    "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
}


def scrypt_keystore() -> dict[str, Any]:
    """As go-ethereum writes them, made with another implementation of scrypt than the one under test.

    The definition's own vector for scrypt has r = 1 with n = 2^18, which RFC 7914, section 2, does not allow.
    """
    salt, counter = b"s" * 32, b"c" * 16
    derived = Scrypt(salt, length=32, n=4096, r=8, p=1).derive(PASSWORD.encode())
    cipher = Cipher(algorithms.AES(derived[:16]), modes.CTR(counter)).encryptor()
    sealed = cipher.update(bytes.fromhex(SECRET)) + cipher.finalize()
    return {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": counter.hex()},
        "ciphertext": sealed.hex(),
        "kdf": "scrypt",
        "kdfparams": {"dklen": 32, "n": 4096, "r": 8, "p": 1, "salt": salt.hex()},
        "mac": keccak256(derived[16:] + sealed).hex(),
    }


SCRYPT = scrypt_keystore()


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def keystore(path: Path, crypto: dict[str, Any]) -> Path:
    return write(path, json.dumps({"version": 3, "crypto": crypto}))


@pytest.mark.parametrize("text", [SECRET, f"0x{SECRET}\n"])
def test_a_plain_file_and_the_environment(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_key(write(tmp_path / "key", text)).address.hex() == ADDRESS
    monkeypatch.setenv(KEY_VARIABLE, text)
    assert load_key(None).address.hex() == ADDRESS


@pytest.mark.parametrize("crypto", [PBKDF2, SCRYPT], ids=["pbkdf2", "scrypt"])
def test_keystores(crypto: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = keystore(tmp_path / "key.json", crypto)
    assert load_key(path, write(tmp_path / "password", PASSWORD + "\n")).address.hex() == ADDRESS
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    assert load_key(path).address.hex() == ADDRESS
    monkeypatch.setenv(PASSWORD_VARIABLE, "wrong")
    with pytest.raises(EvmKeyError, match="does not open"):
        load_key(path)
    monkeypatch.delenv(PASSWORD_VARIABLE)
    with pytest.raises(EvmKeyError, match="needs a password"):
        load_key(path)


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        (SECRET, 0o644, "may be read by others"),
        (SECRET[:-2], 0o600, "not a private key"),
        (f"{SECRET} {SECRET}", 0o600, "not a private key"),
        ("{}", 0o600, "not a keystore of version 3"),
        ('{"crypto": 7}', 0o600, "not a keystore of version 3"),
        (json.dumps({"crypto": PBKDF2 | {"cipher": "rot13"}}), 0o600, "cipher 'rot13'"),
        (json.dumps({"crypto": PBKDF2 | {"kdf": "none"}}), 0o600, "not a keystore of version 3"),
        (json.dumps({"crypto": SCRYPT | {"kdfparams": SCRYPT["kdfparams"] | {"n": 2**40}}}), 0o600, "not a keystore"),
    ],
)
def test_refusals_never_tell_the_key(
    text: str, mode: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    with pytest.raises(EvmKeyError, match=message) as caught:
        load_key(write(tmp_path / "key", text, mode))
    assert SECRET[:16] not in f"{caught.value} {caught.value.hint}"


def test_no_key_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with pytest.raises(EvmKeyError, match="no key"):
        load_key(None)
    with pytest.raises(EvmKeyError, match="cannot be read"):
        load_key(tmp_path / "absent")
    monkeypatch.setenv(KEY_VARIABLE, "0x" + SECRET + "zz")
    with pytest.raises(EvmKeyError, match="64 hexadecimal digits") as caught:
        load_key(None)
    assert SECRET[:16] not in str(caught.value)
