"""Looking into data directories: what `obctl journal` does, beside whoever uses them, and without writing a byte."""
