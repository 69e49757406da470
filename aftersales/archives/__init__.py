"""The archive: an entry for everything sealed, how long it is kept and why, where its paper lies, who holds it, how it is destroyed."""
