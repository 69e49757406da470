"""Fields that administrators add to the record types: their definitions, and how the kernel comes to know of them."""
