"""Who may come in: accounts, sessions, roles in the database, and the actor every guard asks for."""
