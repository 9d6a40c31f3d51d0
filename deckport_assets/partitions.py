"""The three things that we make one of: cards, and later arenas and scans. Their keys live in Dagster's instance."""

import dagster as dg

cards = dg.DynamicPartitionsDefinition(name="cards")
"""One partition per card, its key the card's slug, in SKU order of their first import."""
