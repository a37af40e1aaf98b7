"""Cuts the power at every step of a device's life and looks at what the next boot makes of it.

Prints how many points were tried and every promise that was broken (none, if all is well). Runs on both Pythons.
"""

import sys
from collections import namedtuple
from hashlib import sha256

sys.path.insert(0, sys.argv[1])

from voltseal_device import recovery
from voltseal_device.losses import SPOOL_DAMAGED, SPOOL_FULL
from voltseal_device.seal import Sealer
from voltseal_device.sequence import Numbers
from voltseal_wire import boot as boot_statement
from voltseal_wire import cbor

SPOOL_BYTES, SEGMENT_BYTES, BLOCK = 4096, 1024, 8
FIELDS = 2
SURVIVALS = ("lost", "kept", "torn", "names-lost", "killed")
Identity = namedtuple("Identity", ("key_id", "signer"))


class PowerCut(BaseException):
    """Not an Exception: nothing on the device may catch it."""


class Node:
    """A file's content: as written, and as surely on the medium."""

    def __init__(self, durable=b""):
        self.written = bytearray(durable)
        self.durable = durable


class Open:
    """An open file of `Flash`."""

    def __init__(self, flash, node):
        self._flash = flash
        self.node = node
        self._at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def seek(self, at):
        self._at = at

    def read(self, count=1 << 30):
        piece = bytes(self.node.written[self._at : self._at + count])
        self._at += len(piece)
        return piece

    def write(self, piece):
        half = len(piece) // 2
        self.node.written += piece[:half]
        self._flash.step()
        self.node.written += piece[half:]


class Flash:
    """A file system in memory that tells what was written from what is durable, and dies at one chosen step."""

    def __init__(self, nodes=None):
        self.names_written = dict(nodes or {})
        self.names_durable = dict(nodes or {})
        self.steps = 0
        self.cut_at = -1

    def step(self):
        self.steps += 1
        if self.steps == self.cut_at:
            raise PowerCut

    def survivor(self, how):
        """The file system that the next boot finds."""
        if how == "killed":
            # Only the process died: all that was written is seen by the next one, and can still be lost to the next
            # cut.
            same = Flash()
            same.names_written, same.names_durable = self.names_written, self.names_durable
            return same
        names = self.names_durable if how in ("lost", "names-lost") else self.names_written
        nodes = {}
        for path in names:
            node = names[path]
            content = bytes(node.written)
            if how == "lost":
                content = node.durable
            elif how == "torn" and content != node.durable:
                content = content[: (len(node.durable) + len(content)) // 2]
            nodes[path] = Node(content)
        return Flash(nodes)

    def open(self, path, mode):
        if mode == "wb":
            self.step()
            self.names_written[path] = Node()
        elif path not in self.names_written:
            raise OSError(2, "ENOENT")
        return Open(self, self.names_written[path])

    def sync(self, file):
        self.step()
        file.node.durable = bytes(file.node.written)

    def sync_directory(self, _path):
        self.step()
        self.names_durable = dict(self.names_written)

    def rename(self, old, new):
        self.step()
        self.names_written[new] = self.names_written.pop(old)

    def remove(self, path):
        self.step()
        self.names_written.pop(path, None)

    def make_directory(self, _path):
        pass

    def names(self, path):
        prefix = path + "/"
        return sorted([name[len(prefix) :] for name in self.names_written if name.startswith(prefix)])

    def size(self, path):
        return len(self.names_written[path].written)


class FakeSigner:
    """Signing is not what is tested here: a signature that costs nothing."""

    key_tier = 1

    def sign(self, digest):
        return digest[:31] + b"\x01" + bytes(30) + b"\x02\x03"


class Clock:
    """Stands still."""

    def now(self):
        return 1_750_000_000_000, 1, 1000


class World:
    """The gateway, and what the device has promised to it."""

    def __init__(self):
        self.stored = {}  # sequence -> message
        self.promised = {}  # sequence -> message that the spool took
        self.boot_lost = {}  # sequence of a boot statement -> the ranges it declares
        self.kept = set()  # sequences for which append has returned
        self.broken = []

    def promise(self, sequence, message):
        if sequence in self.promised and self.promised[sequence] != message:
            self.broken.append("number %d used twice" % sequence)
        self.promised[sequence] = message

    def deliver(self, sequence, message):
        if self.stored.get(sequence, message) != message:
            self.broken.append("equivocation at %d" % sequence)
        self.stored[sequence] = message


class Life:
    """One boot of a device on a flash."""

    def __init__(self, flash, world):
        self.world = world
        self.losses = recovery.read_losses(flash, "")
        self.spool = recovery.read_spool(flash, "/spool", self.losses, SPOOL_BYTES, SEGMENT_BYTES)
        append = self.spool.append

        def promising(sequence, message, boot_count, digest):
            # What was signed may have been written even if the power fails before append returns.
            self.world.promise(sequence, message)
            append(sequence, message, boot_count, digest)
            self.world.kept.add(sequence)

        self.spool.append = promising
        self.numbers = Numbers(flash, "", BLOCK)
        self.sealer = Sealer(Identity(b"k" * 8, FakeSigner()), "log.example/cut", Clock(), self.numbers, self.spool)
        count, first, head = recovery.read_counters(flash, "", self.spool, BLOCK)
        self.numbers.begin(count, first, head)
        self.sealer.boot(head, self._payload)

    def _payload(self, position, lost):
        self.world.boot_lost[position.sequence] = lost
        claims = boot_statement.Claims(
            None, b"\x01" * 17, b"m", bytes(32), "s", "1", bytes(32), 0, 1, lost, 1000, bytes(64)
        )
        return boot_statement.boot_payload(position, claims)

    def measure(self, statements, send):
        for index in range(statements):
            self.sealer.telemetry(1, FIELDS, Clock().now(), [(0, index), (5, 1 << 40), (10, None)])
            if send:
                self.send(index % 3 == 2)

    def send(self, receipt):
        """Send the oldest pending message; now and then the gateway's receipt for all it has comes through."""
        found = self.spool.next_pending(-1)
        if found is not None:
            self.world.deliver(*found)
        if receipt:
            self.receipt()

    def receipt(self):
        for first, last in runs(sorted(self.world.stored)):
            self.spool.receipt(first, last)

    def drain(self):
        after = -1
        while (found := self.spool.next_pending(after)) is not None:
            self.world.deliver(*found)
            after = found[0]
        self.receipt()


def runs(numbers):
    found = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def statement_of(message):
    return recovery.statement_in(message)


def payload_of(message):
    statement = statement_of(message)
    return cbor.decode(statement[17 + payload_head(statement) : -66], 2048)


def payload_head(statement):
    return {0x58: 2, 0x59: 3}.get(statement[17], 1)


def prev_of(message):
    # The last byte string of 32 bytes that every payload begins with: element 7, after integers only.
    statement = statement_of(message)
    at = statement.find(b"\x58\x20", 17 + payload_head(statement))
    return statement[at + 2 : at + 34]


def declared(world):
    """number -> reason, from all statements that the gateway has."""
    reasons = {}
    for sequence in world.stored:
        if sequence in world.boot_lost:
            lost = world.boot_lost[sequence]
        elif len(world.stored[sequence]) < 400 and payload_of(world.stored[sequence])[0] == 3:
            lost = payload_of(world.stored[sequence])[8]
        else:
            continue
        for first, last, reason in lost:
            for number in range(first, last + 1):
                reasons[number] = reason
    return reasons


def judge(world):
    reasons = declared(world)
    broken = world.broken
    for sequence in world.kept:
        if sequence not in world.stored and reasons.get(sequence) != SPOOL_FULL:
            broken.append("%d was promised and is gone" % sequence)
    last = max(world.stored)
    for sequence in range(last):
        if sequence not in world.stored and sequence not in reasons:
            broken.append("%d is missing and undeclared" % sequence)
        if reasons.get(sequence) == SPOOL_DAMAGED:
            broken.append("%d counts as damaged" % sequence)
        if reasons.get(sequence) == 1 and sequence in world.stored:
            broken.append("%d counts as unused and exists" % sequence)
        if sequence in world.stored and sequence + 1 in world.stored:
            digest = sha256(statement_of(world.stored[sequence])).digest()
            if prev_of(world.stored[sequence + 1]) != digest:
                broken.append("chain broken before %d" % (sequence + 1))
    return broken


def young(flash, world):
    """First boot: offline long enough to fill the spool, then online; an orderly stop."""
    recovery.create_counters(flash, "")
    life = Life(flash, world)
    life.measure(24, False)
    life.measure(6, True)
    life.sealer.close()


def old(flash, world):
    """A second boot that sends what is left, and overflows again."""
    life = Life(flash, world)
    life.drain()
    life.measure(30, False)
    life.measure(3, True)


def survive(flash, world):
    """After the cut: boot, measure, deliver everything."""
    life = Life(flash, world)
    life.measure(2, True)
    life.drain()
    life.sealer.declare_losses()
    life.drain()


def live(cut_at, how, second_cut=-1):
    """One whole life with one cut or two; returns (broken promises, steps of the first part, whether it was cut)."""
    world = World()
    flash = Flash()
    flash.cut_at = cut_at
    cut = False
    try:
        young(flash, world)
        old(flash, world)
    except PowerCut:
        cut = True
    steps = flash.steps
    flash = flash.survivor(how)
    if "/counters" not in flash.names_written:
        return [], steps, cut  # cut before the device had counters, hence before it had a key: it begins anew
    flash.cut_at = second_cut
    try:
        survive(flash, world)
    except PowerCut:
        flash = flash.survivor("lost" if how == "killed" else how)
        survive(flash, world)
    return judge(world), steps, cut


def uncut():
    """How much of each kind the life without a cut has: a test of an empty life would prove nothing."""
    world = World()
    flash = Flash()
    young(flash, world)
    old(flash, world)
    survive(flash, world)
    reasons = list(declared(world).values())
    return ["stored=%d" % len(world.stored), "full=%d" % reasons.count(SPOOL_FULL), "unused=%d" % reasons.count(1)]


def main():
    broken, steps, _ = live(-1, "kept")
    points = 0
    for cut_at in range(1, steps + 1):
        for how in SURVIVALS:
            found, _, cut = live(cut_at, how)
            points += 1
            if not cut:
                broken.append("no cut at step %d" % cut_at)
            for text in found:
                broken.append("cut at %d, %s: %s" % (cut_at, how, text))
    for cut_at in range(3, steps + 1, 23):
        for second in range(1, 18):
            for how in SURVIVALS:
                points += 1
                for text in live(cut_at, how, second)[0]:
                    broken.append("cuts at %d and %d, %s: %s" % (cut_at, second, how, text))
    print("uncut", " ".join(uncut()))
    print("steps", steps)
    print("points", points)
    for text in broken[:20]:
        print("broken", text)
    print("broken promises", len(broken))


main()
