"""From power-on to the boot statement. Loaded for that time only: `main` forgets this module and what only it uses.

The order, and why: configuration first (nothing is touched if it is wrong); losses and spool (they know the chain's
head); counters, then identity (see `identity`); boot count and block, before anything is signed, with the signer's own
count around them; the boot statement, before anything is sent.
"""

from collections import namedtuple

from modules import module_for
from voltseal_wire import boot as boot_statement
from voltseal_wire import p256, receipt

from . import VERSION, durable, identity, manifest, port, recovery
from .board import absolute, open_board
from .clock import Clock
from .errors import DeviceError
from .journal import say
from .seal import Sealer
from .sequence import Numbers

SWNAME = "voltseal-device"
BOOTSEED_BYTES = 32

State = namedtuple("State", ("settings", "module", "board", "tls", "spool", "identity"))
"""What is known before anything is signed."""

Parts = namedtuple("Parts", ("settings", "module", "board", "tls", "spool", "sealer", "clock", "device", "receipt_key"))
"""What runs after boot."""


def open_state(files, settings, root: str) -> State:
    """Read what the last boot left, or begin. Raises DeviceError and OSError. `root` is that of the firmware."""
    directory = settings.directory
    module = module_for(settings.device_class, settings.driver)
    board = open_board(files, root, settings)
    tls = _tls(settings)
    losses = recovery.read_losses(files, directory)
    spool = recovery.read_spool(files, directory + "/spool", losses, settings.spool_bytes, settings.spool_segment_bytes)
    who = identity.load(files, directory, settings.signer)
    if who is None:
        if spool.head.sequence >= 0:
            raise DeviceError("state-lost", "the spool holds statements, but the key that signed them is gone")
        recovery.create_counters(files, directory)
        who = identity.create(files, directory, settings.signer)
    return State(settings, module, board, tls, spool, who)


def enrol(files, state: State) -> None:
    """Write the signed enrolment request, unless just this one is there already."""
    settings, path = state.settings, state.settings.directory + "/" + identity.REQUEST_FILE
    request = identity.enrolment_request(
        state.identity, settings.device_class, settings.hwmodel, settings.enrolment_nonce, settings.origin
    )
    try:
        with files.open(path, "rb") as file:
            if file.read() == request:
                return
    except OSError as error:
        if not port.is_absent(error):
            raise
    durable.replace(files, path, request)
    say("enrolment-request", device=state.identity.device, path=path)


def boot(files, state: State, root: str) -> Parts:
    """Count the boot and seal the boot statement. Raises DeviceError and OSError."""
    settings, who = state.settings, state.identity
    clock = Clock(settings.clock, settings.clock_uncertainty_ms)
    numbers = Numbers(files, settings.directory, settings.sequence_block)
    sealer = Sealer(who, settings.origin, clock, numbers, state.spool)
    ephemeral, bootseed = p256.generate(), port.random_bytes(BOOTSEED_BYTES)
    try:
        key = receipt.receipt_key(ephemeral, settings.gateway_receipt_key, bootseed, settings.origin, who.ueid)
    except p256.P256Error as error:
        raise DeviceError("bad-config", "gateway_receipt_key: " + str(error)) from error
    claims = boot_statement.Claims(
        nonce=None,
        ueid=who.ueid,
        hwmodel=settings.hwmodel.encode(),
        bootseed=bootseed,
        swname=SWNAME,
        swversion=VERSION,
        measurement=manifest.measure(files, root),
        reset_cause=state.board.reset_cause(),
        key_tier=who.signer.key_tier,
        lost=[],
        cadence_ms=settings.cadence_ms,
        receipt_key=p256.public_key(ephemeral),
    )
    boot_count, first, head = recovery.read_counters(files, settings.directory, state.spool, settings.sequence_block)
    who.signer.check_boot(boot_count)
    numbers.begin(boot_count, first, head)
    who.signer.count_boot(boot_count)
    sealer.boot(head, lambda position, lost: boot_statement.boot_payload(position, _with_lost(claims, lost)))
    pending = state.spool.pending_count()
    say("booted", device=who.device, boot_count=sealer.boot_count, sequence=sealer.boot_sequence, pending=pending)
    return Parts(settings, state.module, state.board, state.tls, state.spool, sealer, clock, who.device, key)


def _with_lost(claims, lost: list):
    # MicroPython's namedtuple has no _replace.
    at = len(claims) - 3
    return boot_statement.Claims(*(claims[:at] + (lost,) + claims[at + 1 :]))


def _tls(settings):
    if not settings.tls_ca:
        return None
    names = (settings.tls_ca, settings.tls_certificate, settings.tls_key)
    paths = [absolute(settings.directory, name) for name in names]
    from .port import tls

    try:
        return tls.tls_context(*paths)
    except (OSError, ValueError) as error:
        raise DeviceError("bad-tls", "cannot use " + ", ".join(paths) + ": " + str(error)) from error
