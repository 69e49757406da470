"""Service requests and repair orders: from the hospital's call to the closed and archived report (R2, R3, R5)."""
