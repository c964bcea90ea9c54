"""Run the command line as `python -m obctl`."""

from obctl.main import main

if __name__ == "__main__":
    main(prog_name="obctl")
