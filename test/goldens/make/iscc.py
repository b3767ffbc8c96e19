"""Content-Code Images of ISO 24138 from iscc-core itself, and thumbnails from Pillow: test/goldens/iscc.json.

In an environment with iscc-core and Pillow:  python iscc.py ../iscc.json
`published` are the image vectors of the conformance data that ships with iscc-core (data.json), as they are there. `codes` are 32x32
grey pictures that a formula makes (`grey`, which test/mark/iscc.test.ts has too), many with ties at a median, with their code of
256 bits in hexadecimal. `thumbnails` are pictures by a formula (`picture`), as the ISCC kit normalises them without its trimming:
Pillow's grey, then its bicubic to 32x32; base64.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import pathlib
import sys

import iscc_core
import PIL
from iscc_core.code_content_image import soft_hash_image_v0
from PIL import Image

KINDS = ["constant", "ramp", "bands", "checks", "halves", "square", "few", "noise"]
SIZES = [(32, 32), (64, 64), (33, 47), (128, 128), (31, 20), (200, 90), (512, 384), (1, 7)]


def noise(i: int) -> int:
    """A hash that fits into 53 bits."""
    x = (i * 2654435761 + 12345) % 2**32
    x ^= x >> 13
    x = (x * 40503) % 2**32
    return (x ^ (x >> 7)) % 256


def grey(kind: str, n: int) -> list[int]:
    def value(x: int, y: int) -> int:
        match kind:
            case "constant":
                return n * 7 % 256
            case "ramp":
                return (x * (n % 5) + y * (n % 3)) % 256
            case "bands":
                return 200 if y // (n % 6 + 1) % 2 else 30
            case "checks":
                return 255 if (x // (n % 4 + 1) + y // (n % 3 + 1)) % 2 else 0
            case "halves":
                return 90 if x < n % 32 else 160
            case "square":
                return 220 if abs(x - 16) < n % 12 + 2 and abs(y - 16) < n % 9 + 2 else 60
            case "few":
                return noise(n * 1024 + y * 32 + x) % 3
            case _:
                return noise(n * 1024 + y * 32 + x)

    return [value(x, y) for y in range(32) for x in range(32)]


def picture(width: int, height: int) -> bytes:
    return bytes(
        (noise(y // 3 * width + x // 3 + channel * 7) + x * (channel + 1) + y * 2) % 256
        for y in range(height) for x in range(width) for channel in range(3))


def main() -> None:
    data = json.loads(pathlib.Path(iscc_core.__file__).with_name("data.json").read_text())
    published = [{"name": name, "pixels": base64.b64encode(bytes(case["inputs"][0])).decode(), "bits": case["inputs"][1],
                  "iscc": case["outputs"]["iscc"]} for name, case in data["gen_image_code_v0"].items()]
    codes = [{"kind": kind, "n": n, "hex": soft_hash_image_v0(grey(kind, n), bits=256).hex()} for kind in KINDS for n in range(1, 25)]
    thumbnails = [{"width": w, "height": h, "grey": base64.b64encode(
        Image.frombytes("RGB", (w, h), picture(w, h)).convert("L").resize((32, 32), Image.Resampling.BICUBIC).tobytes()).decode()}
        for w, h in SIZES]
    versions = {"made_by": "test/goldens/make/iscc.py", "iscc_core": importlib.metadata.version("iscc-core"), "pillow": PIL.__version__,
                "python": sys.version.split()[0], "conformance": data["_metadata"]}
    with open(sys.argv[1], "w") as out:
        json.dump({**versions, "published": published, "codes": codes, "thumbnails": thumbnails}, out, indent=1)
        out.write("\n")


main()
