"""Rules that compile late build the same addresses as Werkzeug's own."""

from typing import Any

import pytest
from werkzeug.routing import Map, Rule

from aftersales.addresses import LateRule


def adapter(rule: type[Rule]) -> Any:
    rules = [
        rule("/devices/", endpoint="list"),
        rule("/devices/show/<int:pk>", endpoint="show"),
        rule("/v/", endpoint="verify", defaults={"code": ""}),
        rule("/v/<code>", endpoint="verify"),
    ]
    return Map(rules).bind("example.cn")


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [("list", {}), ("list", {"page": 2, "rule": "x"}), ("show", {"pk": 7}), ("verify", {"code": ""}), ("verify", {"code": "甲/乙"})],
)
def test_they_build_the_same_address(endpoint: str, values: dict[str, Any]) -> None:
    assert adapter(LateRule).build(endpoint, values) == adapter(Rule).build(endpoint, values)


def test_nothing_is_compiled_before_an_address_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[bool] = []
    compile_builder = Rule._compile_builder

    def counted(rule: Rule, append_unknown: bool = True) -> Any:
        compiled.append(append_unknown)
        return compile_builder(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", counted)
    address = adapter(LateRule)
    assert compiled == []
    assert [address.build("show", {"pk": pk}) for pk in (1, 2)] == ["/devices/show/1", "/devices/show/2"]
    assert compiled == [True]
