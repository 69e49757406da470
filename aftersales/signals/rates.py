"""Whether cases come more often than elsewhere: one exact test for lots and for rises, and what is left of alpha after many looks.

The test. Cases are taken as two Poisson counts over `exposure` and `others_exposure` device-days. If both have the same rate then, given
their sum n, `observed` is binomial B(n, exposure / (exposure + others_exposure)); p is the chance of as many or more. Source:
J. Przyborowski, H. Wilenski, Homogeneity of results in testing samples from Poisson series, Biometrika 31 (1940) 313-323.

Many subjects. All lots of a model are compared at once: alpha is divided by their number (Bonferroni).

Many looks. A lot is looked at whenever one more case comes. Look j gets alpha * 6 / (pi^2 * j^2); the sum over all j is alpha, because
1 + 1/4 + 1/9 + … = pi^2 / 6, so that the chance of a false alarm at any look, ever, is at most alpha (union bound). The first look is at
the case that makes `least` of them, so j = observed - least + 1: it is computed and nowhere stored. Looking at the moment of a case is no
bias: at the n-th case the number of cases elsewhere is negative binomial, and p is its distribution function at what came: P(p <= a) <= a.
The looks of each month ask again what the last case asked. While the shares of exposure hardly move p only grows between two cases: they
spend nothing, they find what devices entered or corrected later make of the same cases. `bench/signals.py` measures all of it.

Rises are looked at monthly (the last month against the eleven before) and quarterly (three against nine): half of alpha for the twelve
looks of a year, half for the four.
"""

from dataclasses import asdict, dataclass
from datetime import date
from math import pi
from typing import Any

LOOKS_A_YEAR = {"month": 12, "quarter": 4}


@dataclass(frozen=True)
class Finding:
    """One look at one subject with all its numbers, so that anybody can do the sum again. Days are of China, `until` the last one counted.

    What is only counted (a repeated device, words) has no `p`: `least` cases are enough.
    """

    kind: str
    since: date
    until: date
    observed: int
    least: int
    others: int = 0
    exposure: int = 0
    others_exposure: int = 0
    alpha: float = 0.0
    subjects: int = 1
    look_no: int = 1
    looks_a_year: int = 0
    p: float | None = None
    threshold: float | None = None
    words: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """How much of all exposure is the subject's."""
        return share(self.exposure, self.others_exposure)

    @property
    def expected(self) -> float:
        """How many of all the cases would be the subject's if they came equally often everywhere."""
        return (self.observed + self.others) * self.share

    @property
    def is_signal(self) -> bool:
        if self.observed < self.least:
            return False
        return self.p is None or (self.threshold is not None and self.p <= self.threshold)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"since": self.since.isoformat(), "until": self.until.isoformat(), "words": list(self.words)}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Finding":
        """What the database holds, or the trail, where fractions are text."""
        days = {name: date.fromisoformat(told[name]) for name in ("since", "until")}
        chances = {name: float(told[name]) for name in ("alpha", "p", "threshold") if told[name] is not None}
        return cls(**told | days | chances | {"words": tuple(told["words"])})


def share(exposure: int, others_exposure: int) -> float:
    return exposure / (exposure + others_exposure) if exposure + others_exposure else 1.0


def p_value(observed: int, exposure: int, others: int, others_exposure: int) -> float:
    """The chance of `observed` cases or more if they came as often here as elsewhere. Nothing to compare with is no evidence: 1."""
    if observed <= 0 or others_exposure <= 0:
        return 1.0
    from scipy.special import betainc  # takes half a second to load, scipy.stats thrice that, and only the job runner needs it

    return float(betainc(observed, others + 1, share(exposure, others_exposure)))  # the upper tail of the binomial distribution


def spent(alpha: float, look_no: int) -> float:
    """What the look of this number may use of alpha."""
    return alpha * 6 / (pi**2 * look_no**2)


def look_number(observed: int, least: int) -> int:
    return max(1, observed - least + 1)


def of_lot(
    kind: str, since: date, until: date, *, observed: int, exposure: int, others: int, others_exposure: int, least: int, alpha: float,
    subjects: int,
) -> Finding:  # fmt: skip
    """A lot against the others."""
    look_no = look_number(observed, least)
    p = p_value(observed, exposure, others, others_exposure) if observed >= least else 1.0
    return Finding(
        kind, since, until, observed, least, others, exposure, others_exposure, alpha, subjects, look_no, p=p,
        threshold=spent(alpha, look_no) / subjects,
    )  # fmt: skip


def of_rise(
    kind: str, since: date, until: date, *, observed: int, exposure: int, others: int, others_exposure: int, least: int, alpha: float,
    look: str,
) -> Finding:  # fmt: skip
    """The latest month or quarter of a model against the months before."""
    looks = LOOKS_A_YEAR[look]
    p = p_value(observed, exposure, others, others_exposure) if observed >= least else 1.0
    return Finding(
        kind, since, until, observed, least, others, exposure, others_exposure, alpha, looks_a_year=looks, p=p, threshold=alpha / 2 / looks
    )
