# The peers of bench/watermark.ts: dwtDct and dwtDctSvd of the package `invisible-watermark`, as a server on standard input and output. A
# question is a line of JSON, then raw RGB of the width and height that it names; an answer is a line of JSON, then `bytes` of raw RGB.
#   {"op": "embed", "method", "channel", "bits", "db", ...} -> {"scale", "psnr"} and pixels
#   {"op": "decode", "method", "channel", "length", "scale", "marked": [width, height], ...} -> {"bits"};   {"op": "versions"}
#
# Its block coding and decoding are used as they are, and it is treated better than by its own interface:
# - Its `encode` puts the wavelet's horizontal and vertical details back in each other's place and cuts and wraps what it writes. On flat
#   art that alone costs more than 42 dB, whatever the strength. Here details return to their place, and pixels are rounded and held.
# - Its least size of 256x256 is not asked for.
# - It marks U alone; it can be told to mark luma instead, which survives more.
# - Fidelity is a jagged function of its strength, and so is what can be read. Of the strengths that cost what was asked, the one is taken
#   that reads back best from the pixels and from a JPEG.
# - Decoding is told the strength and the size that was marked: a copy of another size is first brought back to it.
import json
import sys
import types
from importlib.metadata import version

# Its third method alone wants torch, and is not used.
sys.modules["torch"] = types.ModuleType("torch")

import cv2
import numpy
import pywt
from imwatermark.dwtDctSvd import EmbedDwtDctSvd
from imwatermark.maxDct import EmbedMaxDct

cv2.setNumThreads(1)

WITHIN_DB = 0.1
SCAN = numpy.geomspace(0.8, 1.25, 33)
READ_BACK_QUALITY = 75


class Careful:
    def encode(self, bgr):
        height, width, _ = bgr.shape
        whole = (slice(0, height // 4 * 4), slice(0, width // 4 * 4))
        yuv = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV)
        for channel in range(2):
            if self._scales[channel] <= 0:
                continue
            approximation, details = pywt.dwt2(yuv[(*whole, channel)], "haar")
            self.encode_frame(approximation, self._scales[channel])
            marked = pywt.idwt2((approximation, details), "haar")
            yuv[(*whole, channel)] = numpy.clip(numpy.rint(marked), 0, 255)
        return cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR)


class DwtDct(Careful, EmbedMaxDct):
    pass


class DwtDctSvd(Careful, EmbedDwtDctSvd):
    pass


METHODS = {"dwtDct": DwtDct, "dwtDctSvd": DwtDctSvd}


def coder(asked, bits, scale):
    scales = [scale, 0, 0] if asked["channel"] == "Y" else [0, scale, 0]
    return METHODS[asked["method"]](bits, wmLen=asked.get("length", len(bits)), scales=scales)


def psnr(a, b):
    error = numpy.mean((a.astype(numpy.float64) - b) ** 2)
    return 99.0 if error == 0 else float(10 * numpy.log10(255**2 / error))


def embed(asked, bgr):
    bits = [int(bit) for bit in asked["bits"]]
    wanted = asked["db"]

    def at(scale):
        marked = coder(asked, bits, scale).encode(bgr.copy())
        return scale, psnr(marked, bgr), marked

    low, high = 1.0, 1000.0
    for _ in range(7):
        middle = (low * high) ** 0.5
        if at(middle)[1] > wanted:
            low = middle
        else:
            high = middle
    tried = [at((low * high) ** 0.5 * step) for step in SCAN]
    near = [one for one in tried if abs(one[1] - wanted) <= WITHIN_DB]
    if not near:
        near = [between(at, wanted, tried)]
    scale, reached, marked = max(near, key=lambda one: reads_back(asked, bits, one))
    return {"scale": float(scale), "psnr": reached}, marked


def between(at, wanted, tried):
    """Where no strength of the scan costs what was asked: halving wherever two neighbours lie on either side; the nearest of all."""
    found = list(tried)
    for low, high in zip(tried, tried[1:]):
        if (low[1] - wanted) * (high[1] - wanted) > 0:
            continue
        for _ in range(7):
            middle = at((low[0] + high[0]) / 2)
            found.append(middle)
            low, high = (middle, high) if (middle[1] - wanted) * (low[1] - wanted) > 0 else (low, middle)
    return min(found, key=lambda one: abs(one[1] - wanted))


def reads_back(asked, bits, one):
    scale, _, marked = one
    _, file = cv2.imencode(".jpg", marked, [cv2.IMWRITE_JPEG_QUALITY, READ_BACK_QUALITY])
    copies = (marked, cv2.imdecode(file, cv2.IMREAD_COLOR))
    return sum(int(numpy.sum(read(asked, len(bits), scale, copy) == numpy.array(bits))) for copy in copies)


def read(asked, length, scale, bgr):
    return coder({**asked, "length": length}, [], scale).decode(bgr)


def decode(asked, bgr):
    width, height = asked["marked"]
    if bgr.shape[:2] != (height, width):
        shrinks = bgr.shape[0] > height
        bgr = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    bits = read(asked, asked["length"], asked["scale"], bgr)
    return {"bits": "".join("1" if bit else "0" for bit in bits)}


def answer(asked, pixels):
    if asked["op"] == "versions":
        names = ("invisible-watermark", "opencv-python-headless", "PyWavelets", "numpy")
        return {"versions": ", ".join(f"{name} {version(name)}" for name in names)}, b""
    rgb = numpy.frombuffer(pixels, numpy.uint8).reshape(asked["height"], asked["width"], 3)
    bgr = numpy.ascontiguousarray(rgb[:, :, ::-1])
    if asked["op"] == "decode":
        return decode(asked, bgr), b""
    said, marked = embed(asked, bgr)
    return said, numpy.ascontiguousarray(marked[:, :, ::-1]).tobytes()


def main():
    while line := sys.stdin.buffer.readline():
        asked = json.loads(line)
        pixels = sys.stdin.buffer.read(3 * asked.get("width", 0) * asked.get("height", 0))
        said, pixels = answer(asked, pixels)
        sys.stdout.buffer.write(json.dumps({**said, "bytes": len(pixels)}).encode() + b"\n" + pixels)
        sys.stdout.buffer.flush()


main()
