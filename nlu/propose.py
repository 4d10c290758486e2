"""What people answered for the bot, as proposals what to teach it: questions that are alike become an intent, what was
answered to most of them its answer. Pure, for training time (scikit-learn); the same for the same cases.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

from nlu import encoder
from nlu.check import NOBODYS
from nlu.data import Example, TrainingData
from nlu.normalise import script, stem
from nlu.review import Key, key, nearest
from nlu.terms import char_terms, word_terms

MOST = 2_000
"""Different questions that are compared, the most usual ones: each with each."""
LEAST = 2
"""Cases that make a proposal: what was asked once is no typical question."""
SHOWN = 10
"""Different questions of a proposal."""
APART = 0.7
"""Clusters that are farther from each other than this, on average, stay apart: best on validation texts of three data
sets, in two languages (of 800 texts each, V measure 0.82, 0.91 and 0.67)."""
_BACKGROUND = 300
"""Examples, about, that tell how alike texts are that have nothing to do with each other."""
TAUGHT = 0.75
"""Questions as alike as this to an example of an intent are further examples of it."""
_NAME_WORDS = 2
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_NAME_LETTERS = re.compile(r"[^a-z]+")
_LATIN = str.maketrans(
    dict(zip("абвгдезийклмнопрстуфхцыэ", "abvgdeziyklmnoprstufhcye", strict=True))
    | {"ж": "zh", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"}
)
"""Names of flows are of Latin letters."""
_PERSONAL = re.compile(r"\d{4,}|[\w.+-]+@[\w-]+|https?://")
_LONGEST_ANSWER = 1_000

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question that people answered, masked; `seconds` is what it took them. `source` is whatever the caller knows it
    by."""

    question: str
    answer: str = ""
    seconds: float = 0.0
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`known`: `intent` is there already, and the questions are examples that it lacks. Otherwise `intent` is a name to
    begin with, and `answer` what was answered to most (`agreed`, 0 to 1, gave one like it); "" where nothing was.
    `personal`: it holds what looks like one customer's own. `handoffs` and `seconds` are what the questions cost."""

    intent: str
    known: bool
    questions: tuple[str, ...]
    answer: str
    agreed: float
    personal: bool
    handoffs: int
    seconds: float
    sources: tuple[str, ...]


def propose(cases: Sequence[Case], data: TrainingData, *, most: int = 20) -> list[Proposal]:
    """The dearest first: handoffs times what one takes."""
    by_key: dict[Key, list[Case]] = defaultdict(list)
    for case in cases:
        if said := key(case.question):
            by_key[said].append(case)
    kept = sorted(by_key, key=lambda said: (-len(by_key[said]), said))[:MOST]
    near = nearest([by_key[said][0].question for said in kept], data.examples)
    nobodys = [intent in NOBODYS and likeness >= TAUGHT for intent, likeness in near]
    kept = [said for said, settled in zip(kept, nobodys, strict=True) if not settled]
    near = [one for one, settled in zip(near, nobodys, strict=True) if not settled]
    examples = [example for example in data.examples if example.intent not in NOBODYS]
    new = [said for said, (_, likeness) in zip(kept, near, strict=True) if likeness < TAUGHT]
    groups: dict[tuple[str, int], list[Key]] = defaultdict(list)
    usual_texts = [key(example.text) for example in examples[:: max(1, len(examples) // _BACKGROUND)]]
    for said, number in zip(new, _clusters(new, usual_texts), strict=True):
        groups["", number].append(said)
    for said, (intent, likeness) in zip(kept, near, strict=True):
        if likeness >= TAUGHT:
            groups[intent, 0].append(said)
    rarity = _rarity([*kept, *(key(example.text) for example in examples)])
    taken = set(data.intents)
    usual = median([case.seconds for case in cases if case.seconds] or [0.0])
    found = [_proposal(intent, keys, by_key, usual) for (intent, _), keys in groups.items()]
    found = [one for one in found if one.handoffs >= LEAST and not _taught(one, examples)]
    found.sort(key=lambda one: (-one.seconds, -one.handoffs, one.questions))
    return [_named(one, rarity, taken) for one in found[:most]]


def _taught(proposal: Proposal, examples: Sequence[Example]) -> bool:
    """Whether all of it stands there word for word: then it is not what is lacking."""
    if not proposal.known:
        return False
    known = {key(example.text) for example in examples if example.intent == proposal.intent}
    return all(key(question) in known for question in proposal.questions)


def _proposal(intent: str, keys: Sequence[Key], by_key: dict[Key, list[Case]], usual: float) -> Proposal:
    cases = [case for said in keys for case in by_key[said]]
    answer, agreed = _answer([case.answer for case in cases if case.answer])
    return Proposal(
        intent=intent,
        known=bool(intent),
        questions=tuple(Counter(case.question for case in by_key[said]).most_common(1)[0][0] for said in keys)[:SHOWN],
        answer=answer,
        agreed=agreed,
        personal=bool(_PERSONAL.search(answer)),
        handoffs=len(cases),
        seconds=round(sum(case.seconds or usual for case in cases), 1),
        sources=tuple(case.source for case in cases),
    )


# --- questions -----------------------------------------------------------------------------------


def _clusters(keys: Sequence[Key], others: Sequence[Key]) -> list[int]:
    """For each text the number of its cluster, by the mean of two likenesses: of pieces, and of an encoder where one is
    installed for the texts' script. The `others` tell what is usual."""
    if len(keys) < 2:
        return [0] * len(keys)
    distance = 1 - _likeness([*keys, *others])[: len(keys), : len(keys)]
    np.fill_diagonal(distance, 0)
    model = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=APART
    )  # fmt: skip
    return [int(number) for number in model.fit_predict(np.clip(distance, 0, 2))]


def _likeness(keys: Sequence[Key]) -> Floats:
    counted = TfidfVectorizer(analyzer=_terms, sublinear_tf=True, dtype=np.float32).fit_transform(keys)
    likeness = np.asarray((counted @ counted.T).todense(), dtype=np.float32)
    scripts = np.array([script(said) for said in keys])
    for name in encoder.installed(sorted(set(scripts) - {""})):
        opened = encoder.opened(name)
        mine = np.flatnonzero(scripts == opened.script)
        if len(mine) > 1:
            vectors = opened.encode([keys[int(at)] for at in mine], threads=2)[:, : opened.parts[0]]
            vectors = vectors - vectors.mean(axis=0)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + np.float32(1e-9)
            own = np.ix_(mine, mine)
            likeness[own] = (likeness[own] + vectors @ vectors.T) / 2
    return likeness


def _terms(words: Key) -> list[str]:
    return [*word_terms(words), *char_terms(words)]


def _rarity(keys: Sequence[Key]) -> dict[str, float]:
    """Of each stem, the logarithm of one in how many texts has it."""
    counts = Counter(each for said in keys for each in {stem(word) for word in said})
    return {each: math.log(len(keys) / count) for each, count in counts.items()}


def _named(proposal: Proposal, rarity: Mapping[str, float], taken: set[str]) -> Proposal:
    """A new intent gets a name of the words that are in many of its questions and in few others, and one that no other
    has."""
    if proposal.known:
        return proposal
    questions = [[word for word in key(question) if _LETTERS.fullmatch(word)] for question in proposal.questions]
    said = [word for question in questions for word in question]
    counts = Counter(each for question in questions for each in {stem(word) for word in question})
    first = {stem(word): word for word in reversed(said)}
    order = sorted(first, key=lambda each: (-counts[each] * rarity.get(each, 0.0), each))
    words = [first[each] for each in order][:_NAME_WORDS]
    # In the order in which they are said, where they are said together.
    words.sort(key=said.index)
    spelt = [_NAME_LETTERS.sub("", word.translate(_LATIN)) for word in words]
    begin = "_".join(word[:20] for word in spelt if word) or "question"
    name, number = begin, 2
    while name in taken:
        name, number = f"{begin}_{number}", number + 1
    taken.add(name)
    return replace(proposal, intent=name)


# --- answers -------------------------------------------------------------------------------------


def _answer(answers: Sequence[str]) -> tuple[str, float]:
    """The answer that is most like the others, and the share of those like it. Answers without anybody's own numbers
    and addresses come first."""
    counts = Counter(answer.strip() for answer in answers if answer.strip())
    different = sorted(counts, key=lambda text: (bool(_PERSONAL.search(text)), -counts[text], text))[:200]
    if not different:
        return "", 0.0
    keys = [key(text) for text in different]
    weights = np.array([counts[text] for text in different], dtype=np.float32)
    if not all(keys) or len(keys) == 1:
        return different[0][:_LONGEST_ANSWER], float(weights[0] / weights.sum())
    counted = TfidfVectorizer(analyzer=_terms, sublinear_tf=True, dtype=np.float32).fit_transform(keys)
    likeness = np.asarray((counted @ counted.T).todense(), dtype=np.float32)
    free = [at for at, text in enumerate(different) if not _PERSONAL.search(text)] or list(range(len(different)))
    best = max(free, key=lambda at: (float(likeness[at] @ weights), -at))
    agreed = float(weights[likeness[best] >= 1 - APART].sum() / weights.sum())
    return different[best][:_LONGEST_ANSWER], round(agreed, 3)
