"""Lists as workbooks, for every record type: `export` (the job), `cells` (what a cell may be), `pages` (the doors). It names no type."""
