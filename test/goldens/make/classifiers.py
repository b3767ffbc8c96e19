"""References of the classifier packs, from the libraries that their models were trained with: test/goldens/classifiers.

    python classifiers.py ../classifiers

Offline, on a CPU, with random tiny weights and pictures made by a formula, which test/models/classifier-goldens.ts has too.
A picture that was prepared is kept as the SHA-256 of its bytes [height, width, 3] and a few of them; a library's normalised
planes are undone to bytes first, and `largest_step` says how far they were from whole bytes.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import sys

import cv2
import diffusers
import nudenet.nudenet as nudenet
import numpy as np
import onnx
import onnxruntime
import PIL
import timm
import torch
import transformers
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from onnx import TensorProto, helper
from PIL import Image
from safetensors.numpy import save_file
from timm.data.transforms_factory import transforms_imagenet_eval
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig, BertForSequenceClassification, CLIPConfig, CLIPImageProcessorPil, PreTrainedTokenizerFast,
    ViTImageProcessorPil)

SIZES = [(128, 128), (224, 224), (300, 200), (200, 301), (640, 640), (321, 640), (97, 31), (31, 97), (17, 400), (7, 5),
         (513, 767), (448, 448), (1, 9)]


def paint(number: int, width: int, height: int) -> np.ndarray:
    """Slopes, rings and hard edges; whole numbers only, so that any language draws the same."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    planes = []
    for c in range(3):
        k = number * 3 + c
        slope = x * (k % 7 + 1) + y * (k % 5 + 1)
        rings = (x * x * (k % 3 + 1) + y * y * (k % 4 + 1)) // (24 + 16 * (k % 6))
        checks = ((x // (k % 9 + 3)) + (y // (k % 8 + 3))) % 2 * (64 + k * 31 % 128)
        planes.append((slope + rings + checks + k * 53) % 256)
    return np.stack(planes, -1).astype(np.uint8)


def kept(pixels: np.ndarray) -> dict:
    pixels = np.ascontiguousarray(pixels, dtype=np.uint8)
    flat = pixels.reshape(-1)
    at = [int(i * 7919 % flat.size) for i in range(12)]
    return {"size": list(pixels.shape[1::-1]), "sha256": hashlib.sha256(flat.tobytes()).hexdigest(),
            "samples": [[i, int(flat[i])] for i in at]}


def undone(planes: np.ndarray, mean, std) -> dict:
    exact = (planes.transpose(1, 2, 0).astype(np.float64) * np.array(std) + np.array(mean)) * 255
    whole = np.rint(exact)
    return {**kept(whole), "largest_step": float(np.abs(exact - whole).max())}


def resizes() -> list:
    targets = [(64, 64), (224, 224), (99, 41), (1, 1), (300, 200), (640, 17)]
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    found = []
    for i, size in enumerate(SIZES):
        for j, target in enumerate(targets):
            for name, resample in filters.items():
                picture = Image.fromarray(paint(i + j, *size)).resize(target, resample)
                found.append({"picture": [i + j, *size], "filter": name, **kept(np.asarray(picture))})
    return found


def processors_of_transformers() -> dict:
    clip, found = CLIPImageProcessorPil(), {"clip": [], "vit": []}
    for i, size in enumerate(SIZES):
        out = clip(Image.fromarray(paint(i, *size)), return_tensors="np")["pixel_values"][0]
        found["clip"].append({"picture": [i, *size], **undone(out, clip.image_mean, clip.image_std)})
        for side, resample, name in [(224, 2, "bilinear"), (384, 3, "bicubic")]:
            vit = ViTImageProcessorPil(size={"height": side, "width": side}, resample=resample)
            out = vit(Image.fromarray(paint(i, *size)), return_tensors="np")["pixel_values"][0]
            found["vit"].append({"picture": [i, *size], "filter": name, **undone(out, vit.image_mean, vit.image_std)})
    return found


def timm_transforms() -> list:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    cases = [((384, 384), 1.0, "center", "bicubic"), ((224, 224), 0.875, "center", "bilinear"),
             ((224, 224), 0.9, "center", "bicubic"), ((224, 224), 1.0, "squash", "bicubic"),
             ((224, 224), 0.9, "squash", "bilinear"), ((192, 192), 1.0, "border", "bicubic"),
             ((192, 192), 0.95, "border", "bilinear"), ((160, 224), 0.95, "center", "bicubic")]
    found = []
    for (height, width), pct, mode, interpolation in cases:
        for i, size in enumerate(SIZES):
            transform = transforms_imagenet_eval(
                (height, width), crop_pct=pct, crop_mode=mode, interpolation=interpolation, mean=mean, std=std)
            if min(size) == 1 and mode == "border":
                continue  # Pillow refuses a side of no pixels.
            out = transform(Image.fromarray(paint(i, *size))).numpy()
            found.append({"picture": [i, *size], "height": height, "width": width, "crop_pct": pct, "crop_mode": mode,
                          "interpolation": interpolation, "mean": mean, "std": std, **undone(out, mean, std)})
    return found


def nudenets() -> dict:
    prepared = []
    for i, size in enumerate(SIZES):
        # As cv2.imread gives a file: BGR.
        blob = nudenet._read_image(np.ascontiguousarray(paint(i, *size)[:, :, ::-1]), 320)[0][0]
        bytes_ = np.rint(blob.transpose(1, 2, 0).astype(np.float64) * 255)
        step = float(np.abs(blob.transpose(1, 2, 0) * 255.0 - bytes_).max())
        prepared.append({"picture": [i, *size], **kept(bytes_), "largest_step": step})
    detected = []
    for seed, size in enumerate([(320, 320), (200, 301), (640, 360), (97, 31), (1000, 700)]):
        rows = detector_rows(seed)
        pad = max(size)
        found = nudenet._postprocess(
            [rows[None]], pad - size[0], pad - size[1], pad / size[0], pad / size[1], size[0], size[1], 320, 320)
        detected.append({"seed": seed, "picture": list(size), "anchors": rows.shape[1], "detections": found})
    return {"prepared": prepared, "detected": detected, "labels": nudenet.__dict__["__labels"]}


def detector_rows(seed: int, anchors: int = 60) -> np.ndarray:
    """What a detector could say, [22, anchors]; whole numbers over powers of two, so that any language has the same."""
    rows = np.zeros((22, anchors), np.float32)
    for i in range(anchors):
        k = i * 37 + seed * 101
        rows[0:4, i] = [(k * 13) % 320 + 0.5, (k * 29) % 320 + 0.25, 20 + (k * 7) % 130, 20 + (k * 11) % 150]
        if i % 3 == 1:  # Near the one before, so that one of the two goes.
            rows[0:4, i] = rows[0:4, i - 1] + np.float32(4)
        for label in range(18):
            rows[4 + label, i] = ((k * (label + 3) * 17) % 101) / 512
        rows[4 + k % 18, i] = ((k * 23) % 97 + 20) / 128
    return rows


def safety(folder: pathlib.Path) -> dict:
    torch.manual_seed(20)
    vision = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
              "image_size": 224, "patch_size": 16, "projection_dim": 24}
    text = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 8}
    config = CLIPConfig(vision_config=vision, text_config=text, projection_dim=24)
    checker = StableDiffusionSafetyChecker(config).eval()
    with torch.no_grad():
        for name, value in checker.named_parameters():
            if "embeds" not in name and value.dim() > 1:
                value.copy_(torch.randn_like(value) * 0.35)
    sizes = [SIZES[i % len(SIZES)] for i in range(26)]
    pictures = [(i + 40, *size) for i, size in enumerate(sizes)]
    clip = CLIPImageProcessorPil()
    feeds = torch.cat([torch.tensor(clip(Image.fromarray(paint(*one)), return_tensors="np")["pixel_values"])
                       for one in pictures])

    class Embedding(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.checker = checker

        def forward(self, pixel_values):
            return checker.visual_projection(checker.vision_model(pixel_values)[1])

    with torch.no_grad():
        embeds = Embedding()(feeds)
        # Concepts near some of the pictures, with thresholds that some of them pass.
        unit = torch.nn.functional.normalize(embeds)
        checker.special_care_embeds.copy_(unit[[1, 5, 9]] + 0.1 * torch.randn(3, 24))
        checker.concept_embeds.copy_(unit[:17] + 0.3 * torch.randn(17, 24))
        for name, share in (("special_care_embeds", 0.8), ("concept_embeds", 0.93)):
            cos = torch.nn.functional.normalize(getattr(checker, name)) @ unit.T
            getattr(checker, f"{name}_weights").copy_(torch.quantile(cos, share, dim=1))
        # Just over a threshold only with what a special concept adds.
        cos = torch.nn.functional.normalize(checker.special_care_embeds) @ unit.T
        checker.special_care_embeds_weights[1] = cos[1, 1] + 0.004
    torch.onnx.export(Embedding(), (feeds[:1],), folder / "safety-checker.onnx", input_names=["pixel_values"],
                      output_names=["image_embeds"], dynamo=False, opset_version=17)
    names = ["special_care_embeds", "special_care_embeds_weights", "concept_embeds", "concept_embeds_weights"]
    save_file({name: getattr(checker, name).detach().numpy() for name in names}, folder / "safety-checker.safetensors")
    return {"names": names, "pictures": judged(checker, feeds, pictures)}


def judged(checker, feeds, pictures) -> list:
    """The lines of StableDiffusionSafetyChecker.forward, which keeps its scores to itself: read out where it returns."""
    found = {}

    def spy(frame, event, _):
        if event == "call" and frame.f_code.co_name == "forward" and "safety_checker" in frame.f_code.co_filename:
            def local(frame, event, _):
                if event == "return":
                    found.update(result=frame.f_locals["result"])
                return local
            return local

    sys.settrace(spy)
    try:
        _, flagged = checker(feeds, [np.zeros((1, 1, 3)) for _ in pictures])
    finally:
        sys.settrace(None)
    rows = []
    for picture, result, is_flagged in zip(pictures, found["result"], flagged):
        rows.append({
            "picture": list(picture),
            "special": [round(float(value), 3) for value in result["special_scores"].values()],
            "scores": [round(float(value), 3) for value in result["concept_scores"].values()],
            "bad_concepts": result["bad_concepts"],
            "flagged": bool(is_flagged),
        })
    return rows


def colour_graph(folder: pathlib.Path) -> None:
    """A classifier that any picture classifier's pack can hold: three labels from the mean of each channel."""
    weight = np.array([[3, -1, 0.5], [-2, 2, 1], [0.25, 0.5, -3]], np.float32)
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["pixel_values"], ["means"], axes=[2, 3], keepdims=0),
         helper.make_node("MatMul", ["means", "weight"], ["logits"])],
        "colours",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])],
        [onnx.numpy_helper.from_array(weight, "weight")])
    save_graph(graph, folder / "colours.onnx")


def detector_graph(folder: pathlib.Path) -> None:
    """A detector that finds the same in any picture: rows of seed 1, and nothing of the picture's own."""
    rows = onnx.numpy_helper.from_array(detector_rows(1)[None], "rows")
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["images"], ["mean"], axes=[0, 1, 2, 3], keepdims=0),
         helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
         helper.make_node("Add", ["rows", "nothing"], ["output0"])],
        "detector",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 320, 320])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 22, 60])],
        [rows, onnx.numpy_helper.from_array(np.array(0, np.float32), "zero")])
    save_graph(graph, folder / "detector.onnx")


def save_graph(graph, file) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, file)


TEXTS = ["a red boat on the sea", "A knife!", "blood, blood and gore", "the cat   in a house?", "unknowable words stay unknown",
         "é ñ naïve café", "", "   ", "boats boats boats boats boats boats boats boats boats", "knife" * 12, "a", "日本 cat"]


def texts(folder: pathlib.Path) -> dict:
    words = ["a", "the", "red", "boat", "##s", "on", "sea", "in", "knife", "blood", "gore", "cat", "house", "and", "!", "?",
             ",", "cafe", "naive", "e", "n", "un", "##know", "##n", "##able", "words", "stay"]
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    tokenizer.save(str(folder / "tokenizer.json"))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
                                   sep_token="[SEP]", model_max_length=12)
    torch.manual_seed(3)
    config = BertConfig(vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=16, max_position_embeddings=12, num_labels=3)
    model = BertForSequenceClassification(config).eval()
    with torch.no_grad():
        for value in model.parameters():
            if value.dim() > 1:
                value.copy_(torch.randn_like(value) * 0.5)

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return model(input_ids=input_ids, attention_mask=attention_mask).logits

    sample = fast("a cat", return_tensors="pt")
    # The old exporter's tracing writes the sample's own mask into the graph.
    tokens = {1: torch.export.Dim("tokens", min=2, max=12)}
    torch.onnx.export(Logits(), (sample["input_ids"], sample["attention_mask"]), folder / "text.onnx",
                      input_names=["input_ids", "attention_mask"], output_names=["logits"], external_data=False,
                      dynamic_shapes={"input_ids": tokens, "attention_mask": tokens}, dynamo=True)
    session = onnxruntime.InferenceSession(folder / "text.onnx")
    found = []
    for text in TEXTS:
        encoded = fast(text, truncation=True, return_tensors="pt")
        with torch.no_grad():
            logits = model(input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]).logits[0]
        ids = encoded["input_ids"].numpy()
        exported = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
        assert np.abs(exported - logits.numpy()).max() < 1e-5, (text, exported, logits)
        found.append({"text": text, "ids": encoded["input_ids"][0].tolist(), "all": fast(text)["input_ids"],
                      "logits": [round(float(value), 6) for value in logits],
                      "sigmoid": [round(float(value), 6) for value in torch.sigmoid(logits)],
                      "softmax": [round(float(value), 6) for value in torch.softmax(logits, -1)]})
    return {"max_tokens": 12, "texts": found}


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    colour_graph(folder)
    detector_graph(folder)
    golden = {
        "made_with": {"pillow": PIL.__version__, "torch": torch.__version__, "diffusers": diffusers.__version__,
                      "transformers": transformers.__version__, "timm": timm.__version__, "opencv": cv2.__version__,
                      "nudenet": __import__("importlib.metadata").metadata.version("nudenet"), "numpy": np.__version__},
        "paint": [kept(paint(i, *size)) | {"picture": [i, *size]} for i, size in enumerate(SIZES)],
        "resize": resizes(),
        **processors_of_transformers(),
        "timm": timm_transforms(),
        "nudenet": nudenets(),
        "safety": safety(folder),
        "text": texts(folder),
    }
    rows = [f" {json.dumps(key)}: {lines(value)}" for key, value in golden.items()]
    (folder / "classifiers.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")


def lines(value) -> str:
    if not isinstance(value, list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "[\n" + ",\n".join("  " + json.dumps(one, separators=(",", ":")) for one in value) + "\n ]"


main()
