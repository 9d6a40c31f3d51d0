"""How Dagster itself runs here: its storage, its launcher, its start-up. Nothing of cards belongs here."""
