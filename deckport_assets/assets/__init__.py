"""The assets, one file per group of Dagster's catalog; each body reads as a sentence."""
