"""What people are told of a file or folder the system does not let us use."""


def words_of(error: OSError) -> str:
    """Return what the system said, and what to look at. Only for an error that names a file."""
    return (
        f"{error.filename}: {error.strerror}. Look whether the folder is there, who may write to it, and"
        " whether the disk is full."
    )
