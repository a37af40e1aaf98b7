"""TLS client contexts. Loaded at boot only."""

import binascii

from . import MICROPYTHON


def tls_context(authority_path: str, certificate_path: str, key_path: str):
    """A TLS client that demands a server certificate from this authority and shows its own. All files are PEM.

    Raises OSError for a file that cannot be read and ValueError for one that is not what it should be.
    """
    if MICROPYTHON:
        import tls

        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED  # pyright: ignore[reportAttributeAccessIssue]
        context.load_verify_locations(_der(authority_path))
        context.load_cert_chain(_der(certificate_path), _der(key_path))
        return context
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority_path)
    context.load_cert_chain(certificate_path, key_path)
    return context


def _der(path: str) -> bytes:
    """The first PEM block of a file: MicroPython's TLS is often built without PEM, and always reads DER."""
    body = None
    with open(path) as file:
        for line in file:
            if line.startswith("-----BEGIN") and "PARAMETERS" not in line:
                body = ""
            elif line.startswith("-----END") and body is not None:
                return binascii.a2b_base64(body)
            elif body is not None:
                body += line.strip()
    raise ValueError("no PEM block in " + path)
