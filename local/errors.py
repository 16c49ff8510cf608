"""What can keep the local server from running."""


class LocalError(Exception):
    """Something that the person at the terminal can mend; its message is the one line they see."""
