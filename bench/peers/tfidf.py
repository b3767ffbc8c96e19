# The peer of bench/screening.ts: TF-IDF features (words 1-2, characters within words 2-5) and a logistic regression with balanced
# classes, by scikit-learn. Trained on one set of prompts at the threshold that is best for it there by cross-validation (the largest F1
# of out-of-fold probabilities), then asked about another set. Reads {"train": [{text, attack}], "test": [text]} from standard
# input and writes {"threshold", "cv": {...}, "flags": [bool], "ms": per prompt} to standard output.
import json
import sys
import time

import numpy
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline, make_union

FOLDS = 5
SEED = 20261101


def peer():
    return make_pipeline(
        make_union(
            TfidfVectorizer(analyzer="word", ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LogisticRegression(class_weight="balanced", C=10.0, max_iter=2000),
    )


def f1_at(scores, labels, threshold):
    said = scores >= threshold
    hits = numpy.sum(said & labels)
    return 2 * hits / max(1, numpy.sum(said) + numpy.sum(labels))


asked = json.load(sys.stdin)
texts = [row["text"] for row in asked["train"]]
labels = numpy.array([row["attack"] for row in asked["train"]])
folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
scores = cross_val_predict(peer(), texts, labels, cv=folds, method="predict_proba")[:, 1]
threshold = max(sorted(set(scores)), key=lambda t: f1_at(scores, labels, t))
fitted = peer().fit(texts, labels)
started = time.perf_counter()
flags = [bool(fitted.predict_proba([text])[0, 1] >= threshold) for text in asked["test"]]
seconds = time.perf_counter() - started
json.dump(
    {
        "version": sklearn.__version__,
        "threshold": float(threshold),
        "cv": {
            "recall": float(numpy.mean(scores[labels] >= threshold)),
            "falsePositives": float(numpy.mean(scores[~labels] >= threshold)),
            "f1": float(f1_at(scores, labels, threshold)),
        },
        "flags": flags,
        # Out of fold, for when the set that is asked about is the one that it was trained on.
        "outOfFold": [bool(score >= threshold) for score in scores],
        "msPerPrompt": 1000 * seconds / max(1, len(asked["test"])),
    },
    sys.stdout,
)
