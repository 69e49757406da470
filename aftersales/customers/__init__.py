"""Hospitals, the people there, and what our contracts promise them."""
