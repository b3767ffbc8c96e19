"""Token ids of hard strings and readings of weighted prompts: test/goldens/tokens.json and test/goldens/tokens-t5.

    python tokens.py ../../../models/packs/storybook/tokenizer ..

Needs current transformers and sentencepiece. CLIPTokenizerFast reads the storybook's tokenizer, as it is and in the form of
SDXL's second one (vocab.json and merges.txt, padded with "!", marks found in normalised text). For T5TokenizerFast a small
Unigram model is learnt here, on sentences that are made here, with a character map of rules that are made here.
`ids` are without start, end and cut; of more than 48 ids, their number and SHA-256. `cut` are padded and cut by transformers.
`readings` and `chunks` are an independent reading of how stable-diffusion-webui (v1.10, modules/prompt_parser.py and
sd_hijack_clip.py) treats weights, BREAK and chunks, from its documented behaviour.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import pathlib
import re
import shutil
import sys
import tempfile
import unicodedata
from random import Random

import numpy as np
import sentencepiece
import tokenizers
import transformers
from transformers import CLIPTokenizerFast, T5TokenizerFast

WORDS = """the a red blue green small large old young quiet stormy cat dog boat house tree river mountain lighthouse garden
robot astronaut painter watercolour photograph drawing portrait of in on under beside above with without and or while sitting
running sleeping glowing at night dawn dusk during rain snow summer winter detailed soft light shadow colour texture 35mm
café naïve jalapeño Straße über façade señor smörgåsbord Ελλάδα Москва привет""".split()

BASE = [
    "", " ", "\t\n", "the cat", "The  CAT\tand\nthe dog", " leading and trailing ", "a", ".", ",", "!", "!!! ??? ...", "hello!world",
    "naïve café über", "e\u0301 combining", "a\u0323\u0301 b\u0301\u0323 c\u0327\u0301", "A\u030a \u212b \u00c5", "\u1e9b\u0323",
    "don't can't we'll I'd they've it's I'm you're", "'S 'T 'RE 'VE 'M 'LL 'D", "''s 't's", "rock'n'roll", "’s curly", "'", "''",
    "3.14159 x 10^23", "1,000,000", "1st 2nd 3rd", "²³ ½ Ⅷ ①", "٣٤٥ १२३", "0x1F", "a1b2c3", "16:9, 4k, 8K", "f/1.8",
    "<|endoftext|> the cat", "the<|startoftext|>cat", "<|endoftext|><|endoftext|>", "<|startoftext|>", "<|ENDOFTEXT|>", "<|EndOfText|>!",
    "!<|endoftext|>", "<|endoftext|>!", "<|STARTOFTEXT|>x", "<|endoftext|", "|endoftext|>", "<|endof text|>", "<|endoftext|>\u0301",
    "</s>", "a</s>b", "<pad><unk></s>", "<unk>", "<extra_id_0>", "a <extra_id_0> b", "a<extra_id_99>b", "<extra_id_100>", "<extra_id_1",
    "  <extra_id_7>  ", "<EXTRA_ID_0>", "</S>", "<extra_id_5><extra_id_6>", "a [mark]b", "[mark][MARK]", "a <MARK>er <mark>er <Mark> x", "<MARK><mark>ers", "!? !?! ?!?", "ab abc abcd ｡ab", "ａｂ ａｂｃ ab\u0301",
    "xyz axyz xyza xyz.xyz_xyz éxyz xyz\u0301 xyz日 xyz", "a<extra_id_99> <extra_id_99>b <extra_id_99>", "under_score-hyphen/slash", "snake_case_word", "__init__",
    "a" * 60, "ab" * 40, "the" * 30, "thecat" * 20, "x" * 300, "日" * 50, "Z" * 77, "-" * 99, "." * 200, "a b " * 60,
    "\u00a0non\u00a0breaking\u2003space", "thin\u2009space\u202fnarrow", "ideographic\u3000space", "line\u2028sep\u2029para", "nel\u0085x",
    "bom\ufeffx", "\ufeffstart", "!\ufeff!", "zero\u200bwidth", "a\u200db", "soft\u00adhyphen", "word\u2060joiner", "vt\x0bff\x0c", "\x1c\x1d\x1e\x1f",
    "nul\0x", "\0", "\0\0\0", "\x01\x02\x03", "\x7fdel", "\x80\x9f c1", "bell\x07\x08bs", "cr\rlf\r\n", "\r\n\r\n", "a\r\nb", "\u180e mvs",
    "İstanbul ẞ ﬁne", "ΣΊΣΥΦΟΣ", "ΑΣ ΑΣ. Σ", "ΟΔΟΣ'S", "ς σ Σ", "ǅ ǆ Ǆ", "ŉ ŉ", "ﬃ ﬄ ﬀ", "ＦＵＬＬ ｗｉｄｔｈ", "ｱｲｳ ｶﾞ ﾊﾟ", "㍿ ㎏ ℡", "Ⅷ ⅷ ℃ №",
    "\ufb1d \ufb2a", "ﷺ", "ﻻ", "שלום עולם", "مرحبا بالعالم", "سلام\u200cها", "הַלְלוּ", "بِسْمِ ٱللَّهِ", "\u202eright to left\u202c", "\u200fmark\u200e",
    "日本語 한국어 中文", "東京タワー", "한글", "\u1112\u1161\u11ab\u1100\u1173\u11af", "がぎぐ", "か\u3099き\u3099", "繁體字 简体字", "ไทย ภาษา", "हिन्दी नमस्ते", "தமிழ்",
    "བོད་ཡིག", "ខ្មែរ", "ქართული ᲥᲐᲠᲗᲣᲚᲘ", "Ꭰꭰ ᏸ", "Հայերեն և", "ᚠᚢᚦ", "አማርኛ", "ⲁⲂ", "Привет МИР ё Ё й", "Ωμέγα ᾳ ᾼ ΰ", "Tiếng Việt", "Ǖǖ ṩ", "ß SS ẞ",
    "emoji 🐈‍⬛ x", "👨‍👩‍👧‍👦", "👍🏽 👍", "🇩🇪🇫🇷", "🇩", "❤️ ❤", "1️⃣ #️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "😀" * 20, "a😀b", "☃️.", "™ © ® ℠",
    "𝐁𝐨𝐥𝐝 𝔉𝔯𝔞𝔨𝔱𝔲𝔯 𝟘𝟙", "𐐀𐐨 𐌀", "𒀀 𓀀", "𠀀 𪛖", "\U0001F1E6", "\U00010000 \U0001FFFD", "\U000E0001 \U000E0041", "\U000F0000 \U0010FFFD", "\ue000 \uf8ff",
    "\ufffd \ufffe \uffff", "\U0001FFFE \U0010FFFF", "\u0378 \u0380", "\u2581", "a\u2581b", "\u2581\u2581x", "\u2581 \u2581", "\uff5e ~ 〜", "¨ ´ ¸", "\u037e \u1fef", "Å ⁵ ª º",
    "<b>html &amp; entities</b>", "\\u0000 \\n", "a\\(b\\)", "(red:1.3) [blue] {green|yellow}", "http://example.com/a?b=c&d=e#f", "me@example.com", "#hashtag @name",
    "C++ c# .NET", "$5.00 €7 £3 ¥9", "50% off", "a;b:c", "\"quoted\" “curly” «guillemets»", "em—dash en–dash", "ellipsis… dots...", "*bold* ~strike~ `code`", "^_^ :-) ¯\\_(ツ)_/¯",
    "a,b,c", "a, b, c,", ",,,", " , , ", "tree,house", "masterpiece, best quality, (detailed), 8k", "MiXeD CaSe WoRdS", "camelCaseWord", "ALLCAPS", "the\u0301 cat\u0301", "\u0301", "\u0301\u0302\u0303", " \u0301", "\u200d", "a\u20dd",
    "Z" + "\u0301\u0323\u0327" * 40, "ﬁ\u0301", "ﬁ\u0301\u0302x \u1e9b\u0323\u0301\u0302", "\u2581\u2581the \u2581cat\u2581", "cat\u2581dog", "…\u0301", "①\u0301", "\u00bd\u0301\u0302", "a\u0301\r\n", "가\u0301", "\r\u0301\n",
    "The old lighthouse keeper painted a small red boat in the garden while the quiet dog slept under the stormy mountain at dusk, in soft light, with a detailed watercolour texture.",
]
REPEATED = [["a", 100_000], ["the cat ", 12_500], ["日", 20_000], ["<|endoftext|>", 300], ["\u0301", 900], ["(", 5_000], ["é, ", 9_000], ["😀", 5_000], ["x" * 1_000 + " ", 20]]


def random_strings(count: int) -> list[str]:
    """Characters of every plane, all of Unicode 3.2, so that every library knows them, between words."""
    rng = Random(9)
    pool = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000 and unicodedata.ucd_3_2_0.category(chr(c)) != "Cn"]
    out = []
    for i in range(count):
        plane = [0, 0, 0, 1, 2, 14, 15, 16][i % 8]
        here = [c for c in pool if c >> 16 == plane] if plane else pool[:40_000]
        out.append("".join(chr(rng.choice(here)) + rng.choice(["", "", " ", "the ", "e"]) for _ in range(12)))
    return out


def kept(ids: list[int]) -> dict:
    if len(ids) <= 48:
        return {"ids": ids}
    return {"count": len(ids), "sha256": hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()}


def learn_t5(folder: pathlib.Path) -> None:
    """A Unigram model of at most 500 pieces, its map of characters, and 100 sentinels after them."""
    rng = Random(4)
    syllables = ["la", "ti", "sto", "ren", "house", "ka", "the", "ing", "é", "mor", "ou", "s", "un", "ed", "er", "an", "日", "本", "Σ", "те"]
    made = ["".join(rng.choice(syllables) for _ in range(rng.randrange(2, 5))) for _ in range(900)]
    lines = [" ".join(rng.choice(rng.choice([WORDS, made])) for _ in range(rng.randrange(3, 14))) + rng.choice([".", "!", ",", ""]) for _ in range(4_000)]
    rules = {}
    for code in [*range(1, 0x250), *range(0x370, 0x400), *range(0x1E00, 0x1F00), *range(0x2000, 0x2190), *range(0x2460, 0x2480),
                 *range(0x3000, 0x3010), *range(0x3300, 0x3310), *range(0xFB00, 0xFB07), *range(0xFF01, 0xFF60), *range(0xFF61, 0xFFA0), *range(0x1D400, 0x1D41A)]:
        char = chr(code)
        kind = unicodedata.category(char)
        if kind in ("Zs", "Zl", "Zp") or char in "\t\n\r":
            new = " "
        elif kind in ("Cc", "Cf"):
            new = ""
        else:
            new = unicodedata.normalize("NFKC", char)
        if new != char and code != 0x20:
            rules[char] = new
        apart = unicodedata.normalize("NFD", char)
        if apart != char and unicodedata.normalize("NFC", apart) == char and len(apart) < 4:
            rules[apart] = char
    rules["\r\n"] = rules["\u2581"] = " "
    rules["e\u0301\u0323"] = "ẹ\u0301"
    # The model keeps the names of its files, so they are relative.
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        hexes = lambda text: " ".join(f"{ord(c):X}" for c in text)  # noqa: E731
        pathlib.Path("rules.tsv").write_text("".join(f"{hexes(a)}\t{hexes(b)}\n" for a, b in sorted(rules.items())))
        pathlib.Path("lines.txt").write_text("\n".join(lines))
        sentencepiece.SentencePieceTrainer.train(
            input="lines.txt", model_prefix="spiece", vocab_size=500, hard_vocab_limit=False, model_type="unigram", pad_id=0, eos_id=1,
            unk_id=2, bos_id=-1, normalization_rule_tsv="rules.tsv", num_threads=1, minloglevel=2, character_coverage=1.0,
            user_defined_symbols=["[mark]"])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy("spiece.model", folder / "spiece.model")
    T5TokenizerFast.from_pretrained(str(folder)).save_pretrained(str(folder))


def clip_second(storybook: pathlib.Path, folder: pathlib.Path) -> CLIPTokenizerFast:
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(storybook / name, folder / name)
    for name, value in second_files(storybook).items():
        (folder / name).write_text(json.dumps(value))
    return CLIPTokenizerFast.from_pretrained(str(folder))


def flags(content: str) -> dict:
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}


SECOND = {
    "special_tokens_map.json": {"bos_token": flags("<|startoftext|>"), "eos_token": flags("<|endoftext|>"),
                                "unk_token": flags("<|endoftext|>"), "pad_token": "!"},
    # SD 2.x's two files disagree on the padding.
    "tokenizer_config.json": {"bos_token": {"__type": "AddedToken", **flags("<|startoftext|>")}, "pad_token": "<|endoftext|>",
                              "eos_token": {"__type": "AddedToken", **flags("<|endoftext|>")}, "tokenizer_class": "CLIPTokenizer"},
}


def second_files(storybook: pathlib.Path) -> dict:
    """Those of SDXL's second tokenizer, and words of its own that follow the vocabulary."""
    size = len(json.loads((storybook / "vocab.json").read_text()))
    return {**SECOND, "added_tokens.json": {"<MARK>": size, "<MARK>er": size + 1, "!?": size + 2}}


def t5_own(source: pathlib.Path, folder: pathlib.Path, t5: T5TokenizerFast) -> tuple[T5TokenizerFast, dict]:
    """Without a map, with a piece that no word can be, with sentinels declared as they are today, taking the white space beside them, and words of its own."""
    whole = json.loads((source / "tokenizer.json").read_text())
    whole["model"]["vocab"].append(["cat\u2581dog", 0.0])
    (folder / "tokenizer.json").write_text(json.dumps({**whole, "normalizer": None}))
    declared = {str(t5.convert_tokens_to_ids(text)): {"content": text, "lstrip": strip, "rstrip": strip, "normalized": False,
                                                     "single_word": single, "special": True}
                for text, strip, single in [("<pad>", False, False), ("</s>", False, False), ("<unk>", False, False),
                                            ("<extra_id_0>", True, False), ("<extra_id_7>", True, False), ("<extra_id_99>", False, True)]}
    config = {"added_tokens_decoder": declared, "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "extra_ids": 100}
    size = len(t5) + 1
    for i, (text, single) in enumerate([("ab", False), ("abc", False), ("xyz", True)]):
        declared[str(size + i)] = {"content": text, "lstrip": False, "rstrip": False, "normalized": i != 1, "single_word": single, "special": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return T5TokenizerFast.from_pretrained(str(folder)), {"tokenizer_config.json": config}


def bare(tok, text: str) -> list[int]:
    return tok(text, add_special_tokens=False)["input_ids"]


def main() -> None:
    storybook, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    learn_t5(out / "tokens-t5")
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        clip = CLIPTokenizerFast.from_pretrained(str(storybook))
        second = clip_second(storybook, pathlib.Path(one))
        t5 = T5TokenizerFast.from_pretrained(str(out / "tokens-t5"))
        own, files = t5_own(out / "tokens-t5", pathlib.Path(two), t5)
        kinds = {"clip": clip, "clip_second": second, "t5": t5, "t5_own": own}
        texts = [{"text": text} for text in [*BASE, *random_strings(40)]] + [{"repeat": r} for r in REPEATED]
        cases = []
        for case in texts:
            text = case["text"] if "text" in case else case["repeat"][0] * case["repeat"][1]
            cases.append({**case, **{kind: kept(bare(tok, text)) for kind, tok in kinds.items()}})
        cut = []
        for text in [*BASE[:12], "!", BASE[-1], "a b " * 60, "<|endoftext|> the cat", "</s>"]:
            for kind, tok in kinds.items():
                for length in (8, 20):
                    made = tok(text, padding="max_length", max_length=length, truncation=True)
                    cut.append({"kind": kind, "text": text, "length": length, "ids": made["input_ids"], "mask": made["attention_mask"]})
        golden = {
            "versions": {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__, "sentencepiece": sentencepiece.__version__},
            "files": {"clip_second": second_files(storybook), "t5_own": files}, "cases": cases, "cut": cut,
            "readings": [{"text": text, "pieces": reading(text)} for text in WEIGHTED],
            "chunks": [chunked(clip, *ask) for ask in CHUNKED],
            "unigram": [segmented(seed) for seed in range(16)],
            "weighed": [weighed(seed) for seed in range(4)],
        }
    (out / "tokens.json").write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(len(cases), "strings")


# ---- weights and chunks, as stable-diffusion-webui treats them ----

WEIGHTED = [
    "", "plain", "a (b) c", "a [b] c", "(b:1.3)", "a ((b)) c", "[[b]]", "((a) b)", "(a:1.5), (b:0.5)", "(a (b:2) c)", "[a (b:1.3) c]", "(a [b] c:1.2)",
    "\\(a\\)", "\\[a\\]", "a \\\\ b", "a\\b", "\\", "(a\\):1.2)", "(a", "a)", "[a", "a]", "(a [b", "((a)", "(a))", "a:1.2)", "a:b", "(a:b)", "(a: 1.2 )", "(a:1.2",
    "(:1.3)", "()", "[]", "(())", "a (b] c", "a [b) c", "(a[b)c]", "[a(b]c)", "(a:+1.2)", "(a:-1)", "(a:.5)", "(a:1.)", "(a:0)", "(a:1.2 b)", "(a:1.2)b", "[a:1.2]", "[a:b:0.5]",
    "a BREAK b", "aBREAKb", "BREAK", "a BREAK", "BREAK b", "a BREAK BREAK b", "a, BREAK, b", "(a BREAK b)", "(a BREAK b:1.2)", "[BREAK]", "(BREAK:-1)", "(BREAK:1)", "break", "_BREAK_", "éBREAK", "a\nBREAK\nb",
    "(a:1.1) (b)", "(a)(b)", "(a)b(c)", "a fantasy landscape, (highly detailed:1.21), [blurry], ((masterpiece))", "(日本:1.4)", "😀(😀:1.2)", "(a)\n(b)", "(a:1.1)[b:0.9]((c:2):0.5)",
    "((((((((a))))))))", "(a (b (c (d:1.5) e) f) g)", "((a:1.2):1.5)", "(a,b:1.2),[c]", "( a )", "\\(a:1.2\\)", "(\\(a\\):1.2)", "x \\", "(x \\", ": 1.2 )", "(a:1.2)BREAK(b:1.3)",
]
TOKEN = re.compile(r"(?:\\[()\[\]\\]?)|(?::\s*[+-]?[.\d]+\s*\))|[\[\]():]|[^\[\]():\\]+")


def reading(text: str) -> list:
    """[text, weight] or "BREAK": a bracket's factor reaches from where it was opened to where it is closed."""
    parts: list[list] = []
    round_, square = [], []

    def scale(since: int, factor: float) -> None:
        for part in parts[since:]:
            part[1] *= factor

    for token in TOKEN.findall(text):
        number = token[1:-1].strip() if token[0] == ":" and token[-1] == ")" else None
        if token[0] == "\\":
            parts.append([token[1:], 1.0])
        elif token == "(":
            round_.append(len(parts))
        elif token == "[":
            square.append(len(parts))
        elif number is not None and round_:
            scale(round_.pop(), float(number))
        elif token == ")" and round_:
            scale(round_.pop(), 1.1)
        elif token == "]" and square:
            scale(square.pop(), 1 / 1.1)
        else:
            for i, piece in enumerate(re.split(r"\s*\bBREAK\b\s*", token)):
                parts += [["BREAK", -1]] if i else []
                parts.append([piece, 1.0])
    for since in round_:
        scale(since, 1.1)
    for since in square:
        scale(since, 1 / 1.1)
    merged: list[list] = []
    for piece, weight in parts or [["", 1.0]]:
        if merged and merged[-1][1] == weight:
            merged[-1][0] += piece
        else:
            merged.append([piece, weight])
    return ["BREAK" if part == ["BREAK", -1] else part for part in merged]


LIST = ", ".join(["a small red house on a hill", "an old tree", "the blue boat at night", "a big dog", "two cats"] * 8)
CHUNKED = [
    ("a (red:1.3) house", 77, 20), ("", 77, 20), ("a BREAK b BREAK", 77, 20), ("BREAK a", 77, 20), (LIST, 77, 20), (LIST, 77, 0), (LIST, 32, 20), (LIST, 32, 5),
    ("house " * 200, 77, 20), (f"({LIST}:1.2) BREAK [{LIST}]", 77, 20), ("a, " + "house " * 80, 77, 20), ("house " * 60 + ", " + "tree " * 40, 77, 20), ("," * 80, 77, 20), ("house " * 75, 77, 20),
    ("house " * 74 + ", tree", 77, 20), ("house " * 30 + ",", 32, 20), ("(a:1.2)(b:0.8)", 8, 2), ("a, b c d e f g h", 8, 2), ("a b c, d, e f g h i j", 8, 6), ("(a, b (c:2) d e f:0.5), g h i j", 8, 3), ("a, b c d e f g h", 8, 5), ("a, b c d e f g h", 8, 4),
    ("a, BREAK b c d e f g h i", 8, 6), ("a b c d e f, g h i j k l m", 8, 6),
]


def chunked(tok, text: str, length: int, backtrack: int) -> dict:
    comma = tok.get_vocab()[",</w>"]
    start, end, room = tok.bos_token_id, tok.eos_token_id, length - 2
    chunks, now, last = [], [], -1

    def close() -> None:
        nonlocal now, last
        filled = now + [(end, 1.0)] * (room - len(now))
        chunks.append([(start, 1.0), *filled, (end, 1.0)])
        now, last = [], -1

    for part in reading(text):
        if part == "BREAK":
            close()
            continue
        for token in bare(tok, part[0]):
            if token == comma:
                last = len(now)
            elif backtrack and len(now) == room and last != -1 and len(now) - last <= backtrack:
                now, moved = now[: last + 1], now[last + 1:]
                close()
                now = moved
            if len(now) == room:
                close()
            now.append((token, part[1]))
    if now or not chunks:
        close()
    return {"text": text, "length": length, "backtrack": backtrack,
            "chunks": [{"ids": [t for t, _ in c], "weights": [w for _, w in c]} for c in chunks]}


def segmented(seed: int) -> dict:
    """Words of three letters, of which not all are pieces, by a Unigram model many of whose segmentations score the same."""
    rng = Random(seed)
    pieces = {"<unk>": -1.0}
    for _ in range(rng.randrange(3, 14) if seed % 2 else 20):
        piece = "".join(rng.choice("ab日" if seed % 2 else "abc") for _ in range(rng.randrange(1, 5)))
        if piece != "c":
            pieces[piece] = -float(rng.randrange(1, 7) if seed % 2 else rng.randrange(1, 20))
    model = tokenizers.Tokenizer(tokenizers.models.Unigram(list(pieces.items()), unk_id=0, byte_fallback=False))
    words = ["".join(rng.choice("ab日c😀" if seed % 2 else "abc") for _ in range(rng.randrange(1, 14))) for _ in range(25)]
    return {"pieces": list(pieces.items()), "words": words, "ids": [model.encode(word).ids for word in words]}


def weighed(seed: int) -> dict:
    """Hidden states times their weights, then times what restores the mean of the chunk, in float32."""
    rng = np.random.default_rng(seed)
    hidden = (rng.standard_normal((6, 5)) + 0.5).astype(np.float32)
    weights = [1.0, *[round(float(w), 2) for w in rng.uniform(-0.5, 2, 4)], 1.0]
    after = hidden * np.float32(weights)[:, None]
    after *= hidden.mean() / after.mean()
    return {"hidden": hidden.ravel().tolist(), "weights": weights, "width": 5, "after": after.ravel().tolist()}


if __name__ == "__main__":
    main()
