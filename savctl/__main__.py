"""`python -m savctl`."""

from savctl.cli.main import main

if __name__ == "__main__":
    main()
