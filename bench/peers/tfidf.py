# The peer of bench/screening.ts: TF-IDF features (words 1-2, characters within words 2-5) and a logistic regression with balanced
# classes, by scikit-learn. It is trained on one set of prompts, asked about another, and answers at several operating points, since
# "best" depends on what a wrong refusal costs: the largest F1, the fewest errors and the usual one half, each found on out-of-fold
# probabilities of the set that it was trained on. Reads {"train": [{text, attack}], "test": [text] or null} from standard input; null
# asks about the training set, which is answered out of fold.
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
candidates = sorted(set(scores))
thresholds = {
    "largest F1": max(candidates, key=lambda t: f1_at(scores, labels, t)),
    "fewest errors": max(candidates, key=lambda t: numpy.mean((scores >= t) == labels)),
    "one half": 0.5,
}
fitted = peer().fit(texts, labels)
test = texts if asked["test"] is None else asked["test"]
started = time.perf_counter()
answers = numpy.array([fitted.predict_proba([text])[0, 1] for text in test])
seconds = time.perf_counter() - started
if asked["test"] is None:
    answers = scores
json.dump(
    {
        "version": sklearn.__version__,
        "msPerPrompt": 1000 * seconds / len(test),
        "points": [
            {
                "name": name,
                "cv": {
                    "recall": float(numpy.mean(scores[labels] >= threshold)),
                    "falsePositives": float(numpy.mean(scores[~labels] >= threshold)),
                },
                "refused": [bool(answer >= threshold) for answer in answers],
            }
            for name, threshold in thresholds.items()
        ],
    },
    sys.stdout,
)
