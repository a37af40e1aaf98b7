"""Where the key that pays for anchors comes from: a file, the environment, or an encrypted keystore. Never argv.

A key file holds 64 hexadecimal digits, or a keystore in version 3 of Ethereum's Web3 Secret Storage (scrypt or PBKDF2,
AES-128-CTR, a Keccak MAC), whose password is the first line of another file, or in the environment.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from voltseal.anchor.evm.errors import EvmKeyError
from voltseal.anchor.evm.secp256k1 import SigningKey
from voltseal.log.evm.keccak import keccak256

KEY_VARIABLE: Final = "VOLTSEAL_EVM_KEY"
PASSWORD_VARIABLE: Final = "VOLTSEAL_EVM_PASSWORD"  # noqa: S105  the name of a variable
_MAX_SCRYPT_BYTES: Final = 1 << 30


def load_key(key_file: Path | None, password_file: Path | None = None) -> SigningKey:
    """The key in `key_file`, or in $VOLTSEAL_EVM_KEY where no file is named. Raises `EvmKeyError`."""
    if key_file is None:
        text = os.environ.get(KEY_VARIABLE, "")
        if not text:
            raise EvmKeyError("no key to pay for anchors", hint=f"set key_file in [[anchor]], or ${KEY_VARIABLE}")
        return _plain(text, f"${KEY_VARIABLE}")
    text = _read_secret(key_file)
    if not text.lstrip().startswith("{"):
        return _plain(text, str(key_file))
    return SigningKey(_open_keystore(text, _password(password_file), key_file))


def _read_secret(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise EvmKeyError(f"{path} may be read by others", hint=f"chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise EvmKeyError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise EvmKeyError(f"{path}: is no text") from None


def _plain(text: str, where: str) -> SigningKey:
    try:
        return SigningKey(bytes.fromhex(text.strip().removeprefix("0x")))
    except ValueError:  # its message could quote the key
        raise EvmKeyError(f"{where}: not a private key as 64 hexadecimal digits, nor a keystore") from None


def _password(password_file: Path | None) -> bytes:
    if password_file is not None:
        return _read_secret(password_file).split("\n", 1)[0].encode()
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None:
        raise EvmKeyError("the keystore needs a password", hint=f"set password_file, or ${PASSWORD_VARIABLE}")
    return password.encode()


def _open_keystore(text: str, password: bytes, path: Path) -> bytes:
    try:
        crypto = {name.lower(): value for name, value in json.loads(text).items()}["crypto"]
        if crypto["cipher"] != "aes-128-ctr":
            raise EvmKeyError(f"{path}: a keystore of cipher {crypto['cipher']!r}, not aes-128-ctr")
        derived = _derive(crypto["kdf"], crypto["kdfparams"], password)
        sealed = bytes.fromhex(crypto["ciphertext"])
        if not hmac.compare_digest(keccak256(derived[16:32] + sealed), bytes.fromhex(crypto["mac"])):
            raise EvmKeyError(f"{path}: the password does not open the keystore")
        counter = modes.CTR(bytes.fromhex(crypto["cipherparams"]["iv"]))
        opened = Cipher(algorithms.AES(derived[:16]), counter).decryptor()
        return opened.update(sealed) + opened.finalize()
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise EvmKeyError(f"{path}: not a keystore of version 3: {type(error).__name__}") from None


def _derive(kdf: str, parameters: dict[str, Any], password: bytes) -> bytes:
    salt, length = bytes.fromhex(parameters["salt"]), int(parameters["dklen"])
    if kdf == "scrypt":
        n, r, p = (int(parameters[name]) for name in "nrp")
        memory = 128 * r * (n + p + 2)
        if memory > _MAX_SCRYPT_BYTES:
            raise ValueError("scrypt wants too much memory")
        return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=length)
    if kdf == "pbkdf2" and parameters["prf"] == "hmac-sha256":
        return hashlib.pbkdf2_hmac("sha256", password, salt, int(parameters["c"]), length)
    raise ValueError(f"unknown key derivation {kdf}")
