"""The packages of the archive: each archived record again, whole and readable by itself, encrypted at a second place.

Read `bag` (what a package consists of; pure), `keys` (how it is locked), `package` (what is known of one), `packing` (how it is written and
given up), `fixity` and `checking` (whether both copies are still what they were), `drill` and `restoring` (whether they can be restored).
docs/archive-format.md says how to do that with age, tar and sha256sum alone.
"""
