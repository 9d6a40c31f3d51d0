"""What is noticed, one thing per file."""


def sensors(chosen):
    return []
