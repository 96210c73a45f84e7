"""What is wrong with a part of what was demonstrated."""


class Fault(ValueError):
    """Says what is wrong with a part to one who knows how it was named.

    Parameters
    ----------
    part : str
        ``"observations"``, ``"actions"`` or ``"episode_ids"``.
    message : str
        What was expected, and what came.
    """

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part = part
