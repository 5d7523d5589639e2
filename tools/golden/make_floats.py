"""Shortest decimals of float32 values, by NumPy (Dragon4): test/fixtures/golden/floats.json.

Each entry is [bits, text]: the value as uint32, and the fewest digits that read back as the same float32,
the nearest to the value of several.
"""

import json
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[2] / "test" / "fixtures" / "golden" / "floats.json"

# Zero, the least and greatest subnormal, the least and greatest normal, and all powers of two with their neighbours,
# where the distance to the next value changes.
powers = np.arange(1, 255, dtype=np.uint32) << 23
edges = np.concatenate([[0, 1, 2, 0x007FFFFF, 0x7F7FFFFF], powers - 1, powers, powers + 1])
decades = np.array([float(f"1e{e}") for e in range(-45, 39)], np.float32).view(np.uint32)
random = np.random.default_rng(1)
anywhere = random.integers(0, 0x7F800000, 600, dtype=np.uint32)
probabilities = (random.random(300) ** 8).astype(np.float32).view(np.uint32)
bits = np.unique(np.concatenate([edges, decades, anywhere, probabilities]).astype(np.uint32))

entries = [
    [int(b), np.format_float_scientific(v, unique=True, trim="-")]
    for b, v in zip(bits, bits.view(np.float32))
]
TARGET.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")
