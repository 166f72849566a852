"""What a person has to put right."""


class Mistake(Exception):
    """Nothing was changed. The text says what is wrong and what to do; it holds no secret."""
