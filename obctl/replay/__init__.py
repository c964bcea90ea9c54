"""The machinery of `obctl replay`: rows of order flow into a book or a matching engine, and what comes out of it."""
