"""Traceability (R16.1): from a part, device, UDI, lot, person, customer, document version or software version to all the others.

Read `start` (what can be followed), `hub` (the repairs and devices it leads to, a bounded window at a time), `links` (what stands
around those), then `page`, `graph` and `workbook`, which show the same links on a screen, on paper and in a spreadsheet.
"""
