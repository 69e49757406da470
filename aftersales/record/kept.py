"""What this process keeps of what it has read, for each app apart: two of them may stand on two databases."""

from typing import Any

from flask import current_app


def kept(name: str) -> dict[Any, Any]:
    """Empty at first. Whoever fills it sees to it that it does not grow for ever."""
    return current_app.extensions.setdefault("kept", {}).setdefault(name, {})
