"""Controlled documents: procedures with their versions, who has read them, their copies on paper, and the regulations they rest on."""
