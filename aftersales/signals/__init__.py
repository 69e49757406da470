"""Signals of risk: what repeats, clusters or rises among the cases of service, found by itself and assessed by people (R11.4)."""
