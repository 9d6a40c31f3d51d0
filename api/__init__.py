"""The catalog served: a read API for consoles and pages for producers. Nothing is made or written here."""
