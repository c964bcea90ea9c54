"""The machinery of `obctl replay`: rows of order flow into a book or a matching engine, and what comes out of it.

=================== ==================================================================================================
plan, session       what was asked for and whether it makes sense; one run of it, from opening files to the summary
replay              the common base of the four ways to apply rows:
matched, reported   match mode and book mode for CSV and command records
lobster, runs       book mode and match mode for LOBSTER files; idset: which order ids a file has added
verification        the book after each message against LOBSTER's order book file
recorder, cells     totals, and rows for tables and plot, written down without the GIL
tables, plot        those rows as files
summary, report     the figures at the end, as data and as text; progress: the bar meanwhile
=================== ==================================================================================================
"""
