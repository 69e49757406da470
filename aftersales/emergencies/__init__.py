"""Emergencies: plans with their telephone tree, what was done when one happened, and drills (R14)."""
