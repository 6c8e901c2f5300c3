"""Who may do what: keys, browsers, and connections that are too slow."""
