"""The arithmetic of signals, against sums that can be done by hand, and false alarms on simulated histories."""

from datetime import date
from fractions import Fraction
from math import comb

import pytest

from aftersales.signals.rates import Finding, of_lot, of_rise, p_value, spent

pytestmark = pytest.mark.pure
FIRST, LAST = date(2025, 6, 1), date(2026, 5, 31)

# observed, exposure, others, exposure of these → the chance of as many or more, by hand
BY_HAND = [
    ((3, 100, 0, 100), Fraction(1, 8)),  # three of three in one half: (1/2)^3
    ((2, 100, 2, 300), Fraction(67, 256)),  # 1 - (3/4)^4 - 4 · 1/4 · (3/4)^3
    ((4, 100, 0, 900), Fraction(1, 10_000)),  # four of four in one tenth
    ((1, 500, 1, 500), Fraction(3, 4)),  # 1 - (1/2)^2
    ((10, 365, 0, 365), Fraction(1, 1024)),
    ((0, 100, 5, 100), Fraction(1)),  # nothing happened
    ((5, 100, 0, 0), Fraction(1)),  # nothing to compare with
    # n = 10, π = 0.1: P(X ≥ 5) = 0.0016 in every table of the binomial distribution
    ((5, 100, 5, 900), Fraction(16_349_374, 10**10)),
]


@pytest.mark.parametrize(("counts", "chance"), BY_HAND, ids=str)
def test_the_chance_is_that_of_the_binomial_distribution(counts: tuple[int, int, int, int], chance: Fraction) -> None:
    assert p_value(*counts) == pytest.approx(float(chance), rel=1e-6)


def test_a_published_comparison_of_two_rates_comes_to_the_same() -> None:
    """The example in the manual of R's `poisson.test`: c(11, 6+8+7) in c(800, 1083+1050+878); the sum in fractions."""
    share = Fraction(800, 800 + 1083 + 1050 + 878)
    exact = sum(comb(32, k) * share**k * (1 - share) ** (32 - k) for k in range(11, 33))
    assert p_value(11, 800, 21, 1083 + 1050 + 878) == pytest.approx(float(exact), rel=1e-9)


# what look j may use of 0.05: 0.05 · 6 / π² = 0.0303964, divided by j²
SPENT = [(1, 0.0303964), (2, 0.0075991), (3, 0.0033774), (10, 0.000303964)]


@pytest.mark.parametrize(("look", "threshold"), SPENT)
def test_each_look_has_its_part_of_alpha(look: int, threshold: float) -> None:
    assert spent(0.05, look) == pytest.approx(threshold, rel=1e-5)


def test_all_looks_together_never_use_more_than_alpha() -> None:
    assert 0.0499 < sum(spent(0.05, look) for look in range(1, 100_000)) < 0.05


def lot(observed: int, **over: int) -> Finding:
    told = {"exposure": 3_650, "others": 18, "others_exposure": 69_350, "least": 3, "subjects": 20} | over
    return of_lot("batch", FIRST, LAST, observed=observed, alpha=0.05, **told)


def test_a_lot_is_a_signal_when_its_chance_is_below_what_lots_and_looks_leave() -> None:
    """Ten of two hundred devices: π = 1/20. Eight cases of 26 are the sixth look, with 0.05 · 6 / (π² · 36) / 20 = 4.222e-5."""
    found = lot(8)
    assert (found.share, round(found.expected, 2), found.look_no) == (0.05, 1.3, 6)
    exact = sum(comb(26, k) * Fraction(1, 20) ** k * Fraction(19, 20) ** (26 - k) for k in range(8, 27))
    assert found.p == pytest.approx(float(exact), rel=1e-9)
    assert found.threshold == pytest.approx(4.2217e-5, rel=1e-4)
    assert found.is_signal
    assert not lot(4).is_signal


def test_below_the_least_number_nothing_is_tested() -> None:
    assert lot(2).p == 1
    assert not lot(2, exposure=1, others_exposure=10**6).is_signal


def test_a_rise_has_the_part_of_its_looks_of_a_year() -> None:
    found = {
        look: of_rise("trend", FIRST, LAST, observed=20, exposure=900, others=20, others_exposure=2_700, least=3, alpha=0.06, look=look)
        for look in ("month", "quarter")
    }
    assert found["month"].threshold == pytest.approx(0.06 / 2 / 12)
    assert found["quarter"].threshold == pytest.approx(0.06 / 2 / 4)
    assert found["quarter"].is_signal


def test_a_finding_comes_back_from_what_is_stored() -> None:
    assert Finding.from_json(lot(8).to_json()) == lot(8)


def test_with_nothing_wrong_few_alarms_are_given() -> None:
    from bench.signals import ALPHA, Fleet, false_lots, false_rises

    fleet = Fleet(lots=10, devices=10, rate=0.5)
    assert false_lots(fleet, 60) <= ALPHA
    assert false_rises(fleet, 60) <= ALPHA


def test_a_lot_five_times_as_bad_is_found_within_half_a_year() -> None:
    from bench.signals import delays

    days, cases, found = delays(5, 3)
    assert days <= 183
    assert cases <= 60
    assert found == 1
