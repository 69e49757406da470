"""Printed records: HTML becomes a signed PDF/A-3b that carries its own data and can be verified with nothing but itself."""
