"""What a user did that cannot be converted; the message is all they see."""


class Refused(Exception):
    """A source or an argument that cannot be converted: says what is wrong and what to do."""
