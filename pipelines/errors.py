"""The one way to stop: an exception whose text is the line the user reads, and the exit status that goes with it."""


class Stop(Exception):
    """Ends the command with one clear line: what is wrong, where, what to do."""

    status = 1


class UsageError(Stop):
    """The user's words are wrong: a recipe, an input, an option. Exit status 2."""

    status = 2


class Denied(Stop):
    """An object store does not let us."""


class InputError(UsageError):
    """An input that cannot be read at all."""


class PartsFailed(Stop):
    """Some parts of a stage could not be made. Exit status 1; the message names each part and its reason."""


class Drift(Stop):
    """What is committed was made with other settings than those asked for now. Exit status 3."""

    status = 3
