"""What a shell starts: `integration-admin`, or `python -m integration_admin`."""

import signal


def main() -> None:
    """Run a command. Ctrl-C while all it needs is still being read ends it at once, and tells no traceback."""
    listening = signal.getsignal(signal.SIGINT)
    # Where a shell has it passed over, as in the background, it stays so.
    if listening is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from integration_admin import cli  # noqa: PLC0415, this is what takes long

    signal.signal(signal.SIGINT, listening)
    cli.main()


if __name__ == "__main__":
    main()
