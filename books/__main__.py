"""`make books`: see `python -m books --help`."""

from books.cli import main

if __name__ == "__main__":
    main()
