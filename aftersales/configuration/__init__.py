"""What administrators set up, as one file: written here, compared and taken over there."""
