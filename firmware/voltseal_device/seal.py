"""Seals: gives each statement its number, time and place in the chain, signs it, and hands it to the spool.

The only owner of the chain. Nothing here waits, so no two statements can be in the making at once. What leaves the
device has gone through the spool first, so the chain's head is what the spool holds safely.
"""

from voltseal_wire import commitment, statement
from voltseal_wire.statement import Position

from . import port
from .losses import POWER_CUT, SPOOL_DAMAGED, SPOOL_FULL
from .sequence import Head

MAX_LOST_RANGES = 32  # in one statement; the specification's limit


class Sealer:
    """Makes boot, loss and telemetry statements. `boot` comes first, once."""

    def __init__(self, identity, origin: str, clock, numbers, spool) -> None:
        self._identity = identity
        self._origin = origin
        self._clock = clock
        self._numbers = numbers
        self._spool = spool
        self._losses = spool.losses
        self._prev = statement.FIRST_PREV
        self.boot_count = 0
        self.boot_message = b""
        self.boot_sequence = -1

    def boot(self, head: Head, make_payload) -> None:
        """Seal the boot statement of the boot that the numbers have begun, behind `head`.

        Notes the numbers that the last boot left unused. `make_payload(position, lost)` encodes the claims, with the
        lost ranges that are to be declared.
        """
        if head.sequence >= 0:
            self._prev = head.digest
        self._note_unused(head)
        sequence = self._numbers.take()
        lost = self._losses.undeclared(MAX_LOST_RANGES, sequence)
        payload = make_payload(self._position(sequence, self._clock.now()), lost)
        self.boot_count = self._numbers.boot_count
        self.boot_message = self._keep(sequence, payload, statement.bare_message)
        self.boot_sequence = sequence
        self._declared(lost, sequence)

    def telemetry(self, schema: int, field_count: int, time: tuple, readings: list) -> int:
        """Seal readings (tuples of `field_count` integers or None, field 0 the offset from `time`); returns the number.

        `time` is what `Clock.now` gave at the first reading. Raises WireError if the readings do not fit the
        specification (no number is used then) and OSError if the spool cannot keep the statement, which is then
        declared as lost.
        """
        self.declare_losses()
        columns = commitment.encode_columns(readings, field_count)
        seed = port.random_bytes(commitment.SEED_BYTES)
        root = commitment.commitment(seed, columns)
        sequence = self._numbers.take()
        payload = statement.telemetry_payload(schema, self._position(sequence, time), len(readings), root)
        self._keep(sequence, payload, lambda signed: statement.telemetry_message(signed, seed, columns))
        return sequence

    def declare_losses(self) -> None:
        """Seal loss statements until all that is known to be lost is declared.

        That includes numbers that were taken and came to nothing, whatever struck in between: a lack of memory, say.
        """
        unspooled = self._spool.head.sequence + 1
        if unspooled < self._numbers.next:
            self._losses.add([(unspooled, self._numbers.next - 1, POWER_CUT)])
        for _ in range(4):  # a loss statement may itself push out an old segment: the rest waits for the next reading
            lost = self._losses.undeclared(MAX_LOST_RANGES, self._numbers.next)
            if not lost:
                return
            from voltseal_wire import boot as boot_statement  # forgotten after boot; losses are rare

            sequence = self._numbers.take()
            payload = boot_statement.loss_payload(self._position(sequence, self._clock.now()), lost)
            self._keep(sequence, payload, statement.bare_message)
            self._declared(lost, sequence)

    def close(self) -> None:
        """Orderly stop: give unused numbers back. Nothing can be sealed afterwards."""
        self._numbers.close()

    def _note_unused(self, head: Head) -> None:
        """What lies between the last spooled statement and this boot's first number will never arrive."""
        lost = []
        spooled = self._spool.head.sequence
        if 0 <= spooled < head.sequence:  # the counters remember a later head than the spool still holds
            lost.append((spooled + 1, head.sequence, SPOOL_DAMAGED))
        if head.sequence + 1 < self._numbers.next:
            lost.append((head.sequence + 1, self._numbers.next - 1, POWER_CUT))
        if lost:
            self._losses.add(lost)

    def _position(self, sequence: int, time: tuple) -> Position:
        return Position(self._numbers.boot_count, sequence, time[0], time[1], time[2], self._prev)

    def _keep(self, sequence: int, payload: bytes, wrap) -> bytes:
        """Sign, spool, and only then move the chain's head."""
        signed = statement.sign(payload, self._origin, self._identity.key_id, self._identity.signer.sign)
        digest = statement.chain_digest(signed)
        message = wrap(signed)
        try:
            self._spool.append(sequence, message, self._numbers.boot_count, digest)
        except OSError:
            self._losses.add([(sequence, sequence, SPOOL_FULL)])
            raise
        self._prev = digest
        self._numbers.note_head(self._spool.head)
        return message

    def _declared(self, lost: list, sequence: int) -> None:
        if lost:
            self._losses.declared(lost, sequence)
