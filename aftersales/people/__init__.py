"""The people of the company, what each of them may do on which product, and when they are away."""

# A person refers to it by name, and Flask-AppBuilder maps whatever is known when its security is first imported.
from aftersales.people import absence  # noqa: F401
