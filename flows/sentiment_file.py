"""sentiment.yml: words by which anger shows, with their weight. Small and honest: it counts, it does not guess."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictStr

from flows.strict import Strict

Weight = Annotated[float, Field(gt=0, le=10)]
WordWeight = Annotated[float, Field(ge=-10, le=10)]


class SentimentFile(Strict):
    """`words` by language: words or phrases with their weight, a negative one for words of thanks. A `*` at the end
    of a word stands for any ending. `capitals` is the weight of a message that shouts, `marks` that of !!! and ???."""

    words: dict[StrictStr, dict[StrictStr, WordWeight]] = {}
    capitals: Weight = 1.5
    marks: Weight = 1.0
