"""Pure craft: values in, values out. Nothing here knows Dagster, the network, the database or the environment."""
