"""What a person has to put right."""


class Mistake(Exception):
    """Nothing was changed. The text says what is wrong and what to do; it holds no secret."""


class Unfinished(Exception):
    """Something was changed, and not all of it: the text says what state it is in, what to do."""
