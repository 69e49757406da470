"""Work without a network: the installable program, pages kept on the telephone, and what waits there to be sent."""
