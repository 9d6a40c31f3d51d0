"""Stand-ins for what the project talks to over the network."""
