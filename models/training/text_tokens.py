"""The tokenizer: CLIP's byte-level BPE, learnt from captions of the world.

`tokenizer.json` is what @huggingface/tokenizers and `tokenizers` read; vocab.json and merges.txt are
what older readers of CLIPTokenizer want. Length 32, padded with the end token.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from world.grammar import caption
from world.sampling import World, sample_scene

START, END = "<|startoftext|>", "<|endoftext|>"
LENGTH = 32
# CLIP's own split pattern (openai/CLIP simple_tokenizer.py).
SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def build_tokenizer(model: models.BPE) -> Tokenizer:
    """CLIP's normaliser, splitter and post-processor around a BPE model."""
    tok = Tokenizer(model)
    tok.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tok.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), behavior="removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tok.decoder = decoders.ByteLevel()
    return tok


def train_tokenizer(folder: Path, vocabulary: int, seed: int, world: World) -> None:
    """Learn merges from sampled captions and write the five tokenizer files."""
    rng = Random(seed)
    lines = [caption(sample_scene(rng, world), rng).text for _ in range(60_000)]
    tok = build_tokenizer(models.BPE(unk_token=END, end_of_word_suffix="</w>", continuing_subword_prefix=""))
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - 2 - len(alphabet), initial_alphabet=alphabet, end_of_word_suffix="</w>",
        show_progress=False, min_frequency=2,
    )
    tok.train_from_iterator(lines, trainer)
    learnt = json.loads(tok.to_str())["model"]
    # CLIP's order: bytes, bytes that end a word, merges, start, end. Ids are assigned anew in that order.
    letters = sorted(alphabet)
    vocab: dict[str, int] = {}
    for token in [*letters, *[x + "</w>" for x in letters]]:
        vocab[token] = len(vocab)
    merges = [tuple(m) for m in learnt["merges"]]
    kept: list[tuple[str, str]] = []
    for left, right in merges:
        if len(vocab) >= vocabulary - 2:
            break
        kept.append((left, right))
        vocab.setdefault(left + right, len(vocab))
    for token in (START, END):
        vocab[token] = len(vocab)
    final = build_tokenizer(models.BPE(
        vocab=vocab, merges=kept, unk_token=END, end_of_word_suffix="</w>", continuing_subword_prefix="", fuse_unk=False))
    final.add_special_tokens([START, END])
    final.post_processor = processors.RobertaProcessing(
        (END, vocab[END]), (START, vocab[START]), trim_offsets=False, add_prefix_space=False)
    write_files(folder, final, vocab, kept)


def write_files(folder: Path, tok: Tokenizer, vocab: dict[str, int], merges: list[tuple[str, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(json.loads(tok.to_str()), ensure_ascii=False, indent=1) + "\n")
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False) + "\n")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": LENGTH, "do_lower_case": True,
              "add_prefix_space": False, "errors": "replace", "clean_up_tokenization_spaces": False, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


class Captions:
    """Text to padded ids."""

    def __init__(self, folder: Path) -> None:
        self.tok = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.end = self.tok.token_to_id(END)

    def ids(self, texts: list[str]) -> np.ndarray:
        """Token ids: int64 [B, 32], cut to 32 (keeping the end token) and padded with it."""
        out = np.full((len(texts), LENGTH), self.end, dtype=np.int64)
        for row, enc in zip(out, self.tok.encode_batch(texts)):
            ids = enc.ids[:LENGTH]
            row[: len(ids)] = ids
            row[LENGTH - 1] = self.end
        return out
