"""Improvement: corrective and preventive action (GMP 2025 art. 125)."""
