"""The inspection binder (R19): the sealed papers about devices, lots, customers or people, with what was in force and valid then.

Read `binder` (what is kept of one), `choosing` (which records and papers), `story` (what happened beside the repairs), `chapters` and
`extract` (what is printed beside the originals), `binding` (PDF and ZIP from parts; knows no database) and `compiling` (the job).
"""
