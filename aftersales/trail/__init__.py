"""The audit trail as auditors use it: searching, exporting and verifying."""
