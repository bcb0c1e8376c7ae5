"""Who may do what: accounts, log-in, sessions, tokens, permissions of routes, and the audit journal."""
