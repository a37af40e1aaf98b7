"""The ATECC608's packets and link on both Pythons: published packets, then 10,000 mutated answers from a canned bus."""

import hashlib
import sys

sys.path.insert(0, sys.argv[1])

import driver_mutations

from voltseal_device import port
from voltseal_device.signer import atecc608_packets as packets
from voltseal_device.signer.atecc608 import Element
from voltseal_device.signer.atecc608_link import Link

MUTATIONS = 10000
REVISION = bytes.fromhex("07000060028038")


class Canned:
    """Wakes, and answers every command with `answer`; `answer` None acknowledges nothing."""

    def __init__(self):
        self.answer = REVISION
        self.reads = 0
        self._woken = False

    def writeto(self, address, content):
        if address == 0:
            self._woken = True
            raise OSError(19)
        self._woken = False

    def readfrom_into(self, address, target):
        self.reads += 1
        answer = packets.AWAKE if self._woken else self.answer
        if answer is None:
            raise OSError(19)
        target[:] = (answer + b"\xff" * len(target))[: len(target)]


port.sleep_ms = lambda duration_ms: None  # what is waited is bounded by the count of reads, which is checked below
bus = Canned()
element = Element(Link(bus))
print(packets.command(packets.INFO, 0, 0).hex(), packets.command(packets.RANDOM, 0, 0).hex())
print(element.revision().hex())
digest, ended, most_reads = hashlib.sha256(), {}, 0
for seed in range(MUTATIONS):
    bus.answer = None if seed % 101 == 0 else driver_mutations.mutated(REVISION, seed)[:20]
    bus.reads = 0
    try:
        line = element.revision().hex()
        assert bus.answer[:7] == REVISION or packets.crc16(bus.answer[:5]).to_bytes(2, "little") == bus.answer[5:7]
        key = "read"
    except packets.ElementError as error:
        line = key = error.reason if error.reason in packets.REASONS else "unknown"
    most_reads = max(most_reads, bus.reads)
    digest.update(line.encode())
    ended[key] = ended.get(key, 0) + 1
for key in sorted(ended):
    print(key, ended[key])
print(digest.digest().hex(), "most_reads=%d" % most_reads)
