"""Self-inspection: what inspectors look at, with the evidence this program holds now, its gaps in words, and the yearly report.

Read `items.toml` (the items, with their articles), `items`, `evidence` (counts and gaps), `page`, and `report` with `views` (the record).
"""
