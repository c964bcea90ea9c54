"""The commands of `obctl`, one small file each. They parse and report; the work is done by the packages beside."""
