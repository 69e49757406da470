"""One runner does a pass, and when it dies another one takes over."""

from datetime import timedelta

import pytest

from aftersales.extensions import db
from aftersales.jobs import lease
from aftersales.jobs.passes import run_pass
from tests.jobs.conftest import START, Company

MINUTES = timedelta(minutes=5)


def test_two_runners_never_hold_one_lease(company: Company) -> None:
    with company.at(START), lease(db.session, "escalate") as first, lease(db.session, "escalate") as second:
        assert (first, second) == (True, False)
        with lease(db.session, "deliver") as other:
            assert other


def test_a_lease_is_given_back_even_after_an_error(company: Company) -> None:
    with company.at(START):
        with pytest.raises(ZeroDivisionError), lease(db.session, "escalate"):
            raise ZeroDivisionError
        with lease(db.session, "escalate") as again:
            assert again


def test_the_lease_of_a_dead_runner_runs_out(company: Company) -> None:
    with company.at(START), lease(db.session, "escalate", MINUTES) as dead:
        assert dead
        with company.at(START + MINUTES - timedelta(seconds=1)), lease(db.session, "escalate") as early:
            assert not early
        with company.at(START + MINUTES), lease(db.session, "escalate") as taken_over:
            assert taken_over


def test_a_pass_another_runner_has_in_hand_is_left_to_it(company: Company) -> None:
    def escalate() -> int:
        return 1

    with company.at(START), lease(db.session, "escalate"):
        assert run_pass(escalate) == 0
