"""Cards on paper: where they lie, their bleed, their colours, and the files that a printer takes.

Pictures come in as pixels; no database, no media store and no command line here.
"""
