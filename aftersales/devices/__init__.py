"""Device models and the devices at the customers: what they are, where they stand and which code names them."""
