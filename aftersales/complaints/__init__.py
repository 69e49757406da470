"""Complaints (R11): from the intake desk, or proposed from service by itself, to the verified reply."""
