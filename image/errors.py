"""The one error of the builder."""


class ImageError(Exception):
    """A build cannot go on; the text names what to do about it."""
