"""Makes statements from the inputs of the vectors, with the device's encoder. Runs on MicroPython and on CPython.

Arguments: the firmware tree, and a file of one JSON input a line. Prints a line each: payload, statement, message.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from voltseal_wire import boot, commitment, cose, p256, statement


def remake(given):
    private = bytes.fromhex(given["private_key"])
    position = statement.Position(
        given["boot_count"],
        given["sequence"],
        given["time_ms"],
        given["time_quality"],
        given["time_uncertainty_ms"],
        bytes.fromhex(given["prev"]),
    )
    columns = None
    if given["record_type"] == statement.TELEMETRY:
        seed = bytes.fromhex(given["seed"])
        readings = given["readings"]
        columns = commitment.encode_columns(readings, len(readings[0]))
        root = commitment.commitment(seed, columns)
        payload = statement.telemetry_payload(given["schema"], position, len(readings), root)
    elif given["record_type"] == statement.BOOT:
        payload = boot.boot_payload(position, claims(given["claims"]))
    else:
        payload = boot.loss_payload(position, given["lost"])
    kid = cose.kid(cose.cose_key(p256.public_key(private)))
    signed = statement.sign(payload, given["origin"], kid, lambda digest: p256.sign(private, digest))
    if columns is None:
        return payload, signed, statement.bare_message(signed)
    return payload, signed, statement.telemetry_message(signed, seed, columns)


def claims(given):
    def raw(name):
        return None if given[name] is None else bytes.fromhex(given[name])

    return boot.Claims(
        nonce=raw("nonce"),
        ueid=raw("ueid"),
        hwmodel=raw("hwmodel"),
        bootseed=raw("bootseed"),
        swname=given["swname"],
        swversion=given["swversion"],
        measurement=raw("measurement"),
        reset_cause=given["reset_cause"],
        key_tier=given["key_tier"],
        lost=given["lost"],
        cadence_ms=given["cadence_ms"],
        receipt_key=raw("receipt_key"),
    )


with open(sys.argv[2]) as inputs:  # noqa: PTH123 (MicroPython has no pathlib)
    for line in inputs:
        print(*[part.hex() for part in remake(json.loads(line))])
