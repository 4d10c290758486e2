"""`url`: addresses of pages, with their scheme where one was typed and with http:// where none was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from linkify_it import LinkifyIt

from nlu.ready.found import Found, Setting

_openings = re.compile(r"[$+<=>^`|]")
_MOST_OPENINGS = 20
"""Behind each of these signs a link without a scheme is looked for up to the next space, which is quadratic work: a
text with more of them is none that people write, and has links with a scheme only."""


@cache
def _linkify(*, bare: bool) -> LinkifyIt:
    """`bare`: links without a scheme, too."""
    linkify = LinkifyIt(options={"fuzzy_email": False, "fuzzy_link": bare})
    return linkify.add("mailto:", None).add("ftp:", None).add("//", None)


def find(text: str, setting: Setting) -> Iterator[Found]:
    del setting  # a link is the same everywhere
    bare = len(_openings.findall(text)) <= _MOST_OPENINGS
    for match in _linkify(bare=bare).match(text) or ():
        yield Found("url", match.url, match.index, match.last_index)
