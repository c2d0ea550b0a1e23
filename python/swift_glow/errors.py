"""The error for whatever is wrong with a file or with what is asked of a model."""


class ModelError(ValueError):
    """Says what is wrong, and of a file also where: its path, and the field or tensor."""
