"""The demonstration company: an invented service company with eighteen months behind it, built through the same doors as a real one.

Nobody and nothing in it exists: people, hospitals, towns, makers and models are invented, telephone numbers begin with a range
that is given to nobody, and the identifiers of devices begin with 952, which GS1 keeps for demonstrations.
"""

from aftersales.demo.building import build, is_built
from aftersales.demo.people import logins

__all__ = ["build", "is_built", "logins"]
