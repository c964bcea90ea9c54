"""Run the command line as `python -m obctl`."""

from obctl.main import run

if __name__ == "__main__":
    run()
