"""Recall (R13): the case at head office, which units it is about, who is told, what is done with each, and what authorities get."""
