"""`make books`: see `python -m books --help`."""

if __name__ == "__main__":  # the processes that share the work read this file too, and need no commands
    from books.cli import main

    main()
