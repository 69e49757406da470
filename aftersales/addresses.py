"""The rules of the addresses: thousands of them, of which a process builds few."""

from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any

from flask import request, url_for
from werkzeug.routing import Rule

PLACE = 8_888_888_888_888_888_888  # stands for the number of a record


class LateRule(Rule):
    """A rule that compiles what builds its address when one is asked for first; Werkzeug does it for all at the start, which takes
    a third of that."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(partial(super()._compile_builder, append_unknown))

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build


def address_of(endpoint: str, pk: int) -> str:
    """`url_for` of one record: built once for all of a type, for a page of a record has six."""
    before, after = _around(request.script_root, endpoint)
    return f"{before}{pk}{after}"


@lru_cache(maxsize=5000)
def _around(_root: str, endpoint: str) -> tuple[str, str]:
    before, _place, after = url_for(endpoint, pk=PLACE).partition(str(PLACE))
    return before, after
