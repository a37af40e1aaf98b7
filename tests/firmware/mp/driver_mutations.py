"""What every driver is put through, on both Pythons: its frames in pieces behind noise, then damaged ones.

`report` prints; test_drivers_runtimes.py compares what the two interpreters print.
"""

import hashlib

from drivers.frame import FrameError, Response

MUTATIONS = 100000


def outcome(driver, register, frame):
    """One line: the refusal's reason, or every field in the order of names (dict order differs between runtimes)."""
    try:
        fields = driver.parse(register, frame)
    except FrameError as error:
        return error.reason
    return " ".join(name + "=" + str(fields[name]) for name in sorted(fields)) or "read"


def through_noise(driver, register, frame, piece):
    """The same frame in pieces behind noise that ends as the frame begins."""
    response = Response(driver, register)
    stream = b"\x00\x55" + frame[:1] + frame
    for start in range(0, len(stream), piece):
        fields = response.feed(stream[start : start + piece])
        if fields is not None:
            return fields
    return response.close()


def mutated(frame, seed):
    """Change one to three bytes, cut, lengthen, join; a linear congruential generator serves both runtimes alike."""
    state = (seed * 2654435761 + 12345) & 0x3FFFFFFF
    damaged = bytearray(frame)
    for _ in range(1 + seed % 3):
        state = (state * 1103515245 + 12345) & 0x3FFFFFFF
        damaged[(state >> 8) % len(damaged)] = (state >> 16) & 0xFF
    if seed % 7 == 0:
        return bytes(damaged[: (state >> 8) % (len(damaged) + 1)])
    if seed % 13 == 0:
        return bytes(damaged) + frame
    return bytes(damaged) + b"\x77" * (seed % 11 == 0)


def report(driver, frames):
    """Print fields of the whole frames (register, bytes), then counts and a digest over MUTATIONS damaged ones."""
    for register, frame in frames:
        print(register, outcome(driver, register, frame))
        whole = driver.parse(register, frame)
        assert through_noise(driver, register, frame, 1) == through_noise(driver, register, frame, 7) == whole
    digest = hashlib.sha256()
    reasons = {}
    for seed in range(MUTATIONS):
        driver.parse(*frames[0])  # a driver may remember what its first frame told; damage must not outlive its turn
        register, frame = frames[seed % len(frames)]
        line = outcome(driver, register, mutated(frame, seed))
        digest.update(line.encode())
        key = line if "=" not in line else "read"
        reasons[key] = reasons.get(key, 0) + 1
    for key in sorted(reasons):
        print(key, reasons[key])
    print(digest.digest().hex())
