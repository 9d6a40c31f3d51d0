"""Everything that players see and hear of Deckport, made and kept as Dagster assets."""
