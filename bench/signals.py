"""Signals on simulated histories: how often nothing is found to be something, and how late a bad lot is found.

By hand: `python -m bench.signals [model-years]`. It asks the product's own `rates`, with the shipped numbers; no database. Every history
has a seed. What it prints are ratios against stated limits, below 1 is kept.

A fleet is a model with lots installed over three years; each device has cases at a constant rate (Poisson), the same for all, or spread as
a gamma variable: devices that are called about more often than others, by nobody's fault. A lot is looked at with each case, and all lots
each month; a model's rises are looked at monthly and quarterly.
"""

import sys
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from aftersales.signals import rates

NUMBERS = tomllib.loads((Path(rates.__file__).parent / "shipped.toml").read_text("utf-8"))
ALPHA, WINDOW, LEAST = float(NUMBERS["alpha"]), NUMBERS["window_days"], NUMBERS["least_cases"]
SEED, YEAR, BEGUN = 20261127, 365, 3 * 365
DAY = date(2026, 1, 1)
# The limits. A false alarm in at most one of twenty model-years, of each kind; a lot of 40 devices found in the median within so many
# days and cases after its rate rose to so many times that of the others (0.5 cases a device-year).
FALSE_ALARMS = ALPHA
DELAYS = {3: (270, 50), 5: (150, 45)}


@dataclass(frozen=True)
class Fleet:
    lots: int
    devices: int  # of each lot
    rate: float  # cases of a device in a year
    shape: float = 0.0  # of the gamma variable; 0: all alike


FLEETS = (
    Fleet(20, 10, 0.5), Fleet(5, 40, 0.3), Fleet(40, 5, 1.0), Fleet(10, 60, 0.1), Fleet(2, 30, 2.0), Fleet(20, 10, 0.5, shape=1.0),
    Fleet(40, 5, 1.0, shape=2.0),
)  # fmt: skip


class History:
    """The cases of one fleet over its years, in order: when (days), which lot, which device."""

    def __init__(self, fleet: Fleet, rng: np.random.Generator, years: int, bad: int = 1) -> None:
        self.fleet = fleet
        self.days = BEGUN + years * YEAR
        self.installed = np.repeat(np.sort(rng.integers(0, BEGUN, fleet.lots)), fleet.devices)
        self.lot_of = np.repeat(np.arange(fleet.lots), fleet.devices)
        spread = rng.gamma(fleet.shape, 1 / fleet.shape, len(self.installed)) if fleet.shape else 1.0
        times, devices = self._cases(rng, self.installed, np.full(len(self.installed), self.days), fleet.rate * spread)
        if bad > 1:  # the first lot is worse from BEGUN on
            of_lot = self.lot_of == 0
            since = np.where(of_lot, BEGUN, self.days)
            more, theirs = self._cases(rng, since, np.full(len(since), self.days), fleet.rate * (bad - 1))
            times, devices = np.concatenate((times, more)), np.concatenate((devices, theirs))
        order = np.argsort(times)
        self.times, self.devices = times[order], devices[order]
        self.in_month = self.devices * 1000 + (self.times // 30).astype(int)

    @staticmethod
    def _cases(rng: np.random.Generator, since: np.ndarray, until: np.ndarray, rate: Any) -> tuple[np.ndarray, np.ndarray]:
        counts = rng.poisson(np.maximum(until - since, 0) * rate / YEAR)
        devices = np.repeat(np.arange(len(since)), counts)
        return since[devices] + rng.random(len(devices)) * (until - since)[devices], devices

    def look(self, now: float, lots: list[int]) -> list[int]:
        """Those of `lots` that are a signal at this moment."""
        from_day = now - WINDOW
        here = slice(*np.searchsorted(self.times, (from_day, now), side="right"))
        counted = np.bincount(self.lot_of[np.unique(self.in_month[here]) // 1000], minlength=self.fleet.lots)
        days = np.maximum(now - np.maximum(self.installed, from_day), 0).astype(int)
        exposure = np.bincount(self.lot_of, weights=days, minlength=self.fleet.lots).astype(int)
        cases, all_days = int(counted.sum()), int(exposure.sum())
        subjects = int((exposure > 0).sum())
        return [
            lot
            for lot in lots
            if counted[lot] >= LEAST
            and rates.of_lot(
                "batch", DAY, DAY, observed=int(counted[lot]), exposure=int(exposure[lot]), others=cases - int(counted[lot]),
                others_exposure=all_days - int(exposure[lot]), least=LEAST, alpha=ALPHA, subjects=subjects,
            ).is_signal
        ]  # fmt: skip

    def found(self, since: int = 0) -> dict[int, tuple[float, int]]:
        """Each lot that was found from `since` on: how long afterwards, and after how many of its cases."""
        told: dict[int, tuple[float, int]] = {}
        seen = np.zeros(self.fleet.lots, dtype=int)
        moments = [(time, int(self.lot_of[device])) for time, device in zip(self.times, self.devices, strict=True) if time >= since]
        moments += [(float(day), -1) for day in range(since, self.days, 30)]
        for now, lot in sorted(moments):
            if lot >= 0:
                seen[lot] += 1
            for hit in self.look(now, [lot] if lot >= 0 else list(range(self.fleet.lots))):
                told.setdefault(hit, (now - since, int(seen[hit])))
        return told


def false_lots(fleet: Fleet, model_years: int) -> float:
    """Signals of lots in a model-year with nothing wrong."""
    runs = max(1, model_years // 4)
    found = sum(len(History(fleet, np.random.default_rng((SEED, run)), 1).found()) for run in range(runs))
    return found / (runs * 4)


def false_rises(fleet: Fleet, model_years: int) -> float:
    """Signals of a rise in a model-year with nothing wrong: one that was found stays open for the year."""
    devices, chance = fleet.lots * fleet.devices, 1 - np.exp(-fleet.rate / 12)
    years, rng, found = max(1, model_years), np.random.default_rng(SEED), 0
    months = rng.binomial(devices, chance, (years, 24))
    for year in range(years):
        found += any(
            _is_rise(months[year], end, length, look, devices)
            for end in range(13, 25)
            for look, length in (("month", 1), *([("quarter", 3)] if end % 3 == 0 else []))
        )
    return found / years


def _is_rise(months: np.ndarray, end: int, length: int, look: str, devices: int) -> bool:
    after, before = months[end - length : end].sum(), months[max(0, end - 12) : end - length].sum()
    return rates.of_rise(
        "trend", DAY, DAY, observed=int(after), exposure=devices * length * 30, others=int(before),
        others_exposure=devices * (12 - length) * 30, least=LEAST, alpha=ALPHA, look=look,
    ).is_signal  # fmt: skip


def delays(bad: int, runs: int) -> tuple[float, float, float]:
    """The median days and cases until the lot was found, those never found within three years counted as late; and the share found."""
    fleet, days, cases = Fleet(10, 40, 0.5), [], []
    for run in range(runs):
        told = History(fleet, np.random.default_rng((SEED, bad, run)), 3, bad).found(BEGUN).get(0)
        days.append(told[0] if told else np.inf)
        cases.append(told[1] if told else np.inf)
    return median(days), median(cases), sum(day < np.inf for day in days) / runs


def main(model_years: int) -> int:
    worst = 0.0
    for fleet in FLEETS:
        for name, rate in (("lots", false_lots(fleet, model_years)), ("rises", false_rises(fleet, model_years))):
            worst = max(worst, rate / FALSE_ALARMS)
            print(f"{fleet}: false alarms of {name} in a model-year {rate:.4f}, of the limit {rate / FALSE_ALARMS:.2f}")
    for bad, (most_days, most_cases) in DELAYS.items():
        days, cases, found = delays(bad, max(20, model_years // 20))
        worst = max(worst, days / most_days, cases / most_cases)
        print(
            f"{bad} times the rate: median {days:.0f} days, {cases:.0f} cases, found {found:.0%}; "
            f"of the limits {days / most_days:.2f}, {cases / most_cases:.2f}"
        )
    return 0 if worst <= 1 else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 600))
