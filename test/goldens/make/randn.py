"""torch's CPU randn for seeds and lengths around its block of 16: test/goldens/randn.json.

Run on a CPU:  python randn.py ../randn.json
Long draws keep every 97th value and the sum. `calls` draws several times from one generator.
"""

from __future__ import annotations

import base64
import json
import sys

import torch


def pack(x: torch.Tensor) -> str:
    return base64.b64encode(x.numpy().astype("<f4").tobytes()).decode()


def main() -> None:
    cases = []
    for seed in (0, 1, 42, 4294967295, 4294967296 + 42, 2**53 - 1):
        for n in (1, 2, 5, 15, 16, 17, 31, 32, 100, 16384, 65540):
            x = torch.randn(n, generator=torch.Generator().manual_seed(seed))
            kept = x if n <= 100 else x[::97]
            cases.append({"seed": seed, "n": n, "stride": 1 if n <= 100 else 97, "values": pack(kept),
                          "sum": float(x.double().sum()), "std": float(x.double().std()) if n > 1 else None})
    calls = []
    for seed in (3, 2026):
        g = torch.Generator().manual_seed(seed)
        calls.append({"seed": seed, "draws": [{"n": n, "values": pack(torch.randn(n, generator=g))} for n in (3, 1, 20, 4, 16, 2)]})
    with open(sys.argv[1], "w") as out:
        json.dump({"made_by": "test/goldens/make/randn.py", "torch": torch.__version__, "cases": cases, "calls": calls}, out, indent=1)
        out.write("\n")


main()
