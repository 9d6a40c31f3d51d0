"""`python -m deckport_assets.cli.run`: the command without its script, for processes that we start ourselves."""

from deckport_assets.cli import main

if __name__ == "__main__":
    main()
