"""How the company is built: regions, service centres, departments, and the lists that people only read."""
