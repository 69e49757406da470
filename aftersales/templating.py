"""Templates in the reader's language.

A page has some hundred sentences that never change. They are put in when a template is compiled, once for each language, so that
nobody asks who reads at each of them.
"""

import ast
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from flask.templating import Environment
from jinja2 import BaseLoader, Template

from aftersales.labels import LANGUAGES, language, speaking, translated

SENTENCE = re.compile(r"""\b_\(("(?:[^"\\]|\\.)*")\)""")
MARK = ":"  # between the language and the name of a template: "en:record/show.html"


class SpeakingEnvironment(Environment):
    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:
        """The template in the language of `parent`, else of the reader. One that is asked for as ":name" finds out at each sentence: for
        what outlives a request."""
        if isinstance(name, str) and MARK not in name:
            name = MARK.join((parent.partition(MARK)[0] if parent is not None else language(), name))
        return super().get_template(name, None, globals)


class SpeakingLoader(BaseLoader):
    def __init__(self, inner: BaseLoader) -> None:
        self._inner = inner

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        lang, _mark, name = template.rpartition(MARK)
        source, *how = self._inner.get_source(environment, name)
        return (SENTENCE.sub(partial(_in, lang), source) if lang in LANGUAGES else source, *how)


def _in(lang: str, sentence: re.Match[str]) -> str:
    with speaking(lang):
        said = translated(ast.literal_eval(sentence[1]))
    return f"({json.dumps(said, ensure_ascii=False)}|safe)"


def install(app: Flask) -> None:
    app.jinja_environment = SpeakingEnvironment
    app.jinja_env.loader = SpeakingLoader(app.jinja_env.loader)
