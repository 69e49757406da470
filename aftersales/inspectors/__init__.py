"""Inspectors from outside: an account for given days and subjects that reads, and a log of everything it was shown.

Read `access` (who may see what, when, by two hands), `scope` (the bounds beneath every door), `reach` (which records that are), `gate`
(what a request of an inspector may do, and that it is written down), `log` and `pages`.
"""
